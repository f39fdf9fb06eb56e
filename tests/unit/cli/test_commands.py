"""The commands as a person or a pipeline meets them: words on the right stream, and the right exit code."""

import json
import shlex
from pathlib import Path

import pytest
import typer
from unit.cli.conftest import Run
from unit.content.sample_project import DRILL, changed

from firedrill import __version__
from firedrill.cli.app import app

HEAVY = {"azure", "chaoslib", "numpy", "duckdb", "jinja2", "locust", "rich", "aiohttp"}
GROUP = typer.main.get_command(app)
LEAVES = [
    *((name,) for name, command in GROUP.commands.items() if not hasattr(command, "commands")),  # type: ignore[attr-defined]
    *(("stage", name) for name in GROUP.commands["stage"].commands),  # type: ignore[attr-defined]
]


@pytest.mark.parametrize("arguments", [("--help",), ("list",), ("show", "lights-out"), ("check",)], ids=" ".join)
def test_the_catalog_never_pays_for_the_heavy_imports(arguments: tuple[str, ...], firedrill: Run) -> None:
    """Azure SDKs, the engines and even rich stay out of what people type all day."""
    script = (
        "import sys\nfrom firedrill.cli.app import main\n"
        "try:\n    main()\nfinally:\n    print('MODULES', *sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = firedrill(*arguments, script=script)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.rpartition("MODULES")[2].split())
    assert "firedrill" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("leaf", LEAVES, ids=" ".join)
def test_every_help_ends_with_examples_that_parse(leaf: tuple[str, ...]) -> None:
    """Each example names a command and options that exist."""
    command = GROUP
    for name in leaf:
        command = command.commands[name]  # type: ignore[attr-defined]
    lines = [line.strip() for line in (command.epilog or "").splitlines() if "firedrill" in line]
    assert lines
    for line in lines:
        words = shlex.split(line.removeprefix('eval "$(').removesuffix(')"').split(">")[0])
        assert tuple(words[1 : 1 + len(leaf)]) == leaf
        command.make_context(leaf[-1], words[1 + len(leaf) :]).close()


def test_list_says_what_and_why(firedrill: Run) -> None:
    """Names to run, with the reason for each."""
    done = firedrill("list")
    assert (done.returncode, done.stdout) == (0, "lights-out\n  Somebody must notice.\n")


def test_list_shows_a_drill_that_cannot_be_read_with_the_reason(firedrill: Run, project: Path) -> None:
    """One bad file does not hide the others, and does not hide itself."""
    (project / "drills" / "broken.yaml").write_text("drill: x\n")
    done = firedrill("list", "--json")
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["broken"]["error"] == "the key 'because' is missing (drills/broken.yaml:1)"
    assert rows["lights-out"]["because"] == "Somebody must notice."


def test_show_explains_a_drill_in_words(firedrill: Run) -> None:
    """Gate, fault, watches, limits, and the way back, each by name."""
    text = firedrill("show", "lights-out", "--set", "load.rate=30/s").stdout
    for words in (
        "it is bright",
        "switch it off",
        "buy: 20/s",
        "30/s by 3 users",
        "look available: at least 99.5%",
        "switch it on",
    ):
        assert words in text


def test_a_bad_file_is_told_on_stderr_without_a_traceback(firedrill: Run, project: Path) -> None:
    """What, where, accepted, next; exit code 2; nothing on stdout that a program could take for a result."""
    (project / "drills" / "lights-out.yaml").write_text(changed(DRILL, "timeout: 2s", "timeout: 2"))
    done = firedrill("check", "lights-out", "--files-only")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: watch.buy.timeout: 2 is not a duration\n  where: drills/lights-out.yaml:6\n"
        "  accepted: a number with a unit: 500ms, 2s, 10m, 1h\n"
    )


def test_check_names_every_bad_file_not_only_the_first(firedrill: Run, project: Path) -> None:
    """All files are read; the good ones are named on stdout, each error on stderr."""
    (project / "drills" / "lights-out.yaml").write_text("drill: x\n")
    (project / "targets" / "here.yaml").write_text("target: x\n")
    done = firedrill("check")
    assert (done.returncode, done.stdout) == (2, "good  experiments/lights-out.yaml\n")
    assert "drills/lights-out.yaml:1" in done.stderr
    assert "targets/here.yaml:1" in done.stderr


def test_check_reads_a_drill_by_path_from_anywhere(firedrill: Run, project: Path) -> None:
    """A path works like a name."""
    done = firedrill("check", "drills/lights-out.yaml", "--files-only", "--target", "here")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "files: good  (lights-out, experiment lights-out, target here)\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("show", "lights-of"), 2, "did you mean 'lights-out'?"),
        (("rnu",), 2, "No such command 'rnu'"),
        (("check", "--nonsense"), 2, "No such option: --nonsense"),
        (("calibrate", "--rate", "100"), 2, "a number per second or minute"),
        (("report", "never-run"), 2, "'never-run' is not a run"),
        (("show", "lights-out", "--set", "watch.buy.rat=1/s"), 2, "did you mean 'rate'?"),
        (("stage", "up", "--target", "here", "--set", "load.rate=1/s"), 2, "unknown setting 'load.rate'"),
        (("plan",), 2, "plan what?"),
        (("plan", "lights-out", "--suite", "nights"), 2, "lights-out cannot stand beside it"),
        (("plan", "--suite", "nights"), 2, "there is no suite 'nights'"),
        (("stage", "env"), 4, "no stage is up"),
        (("stage", "logs"), 4, "there is no log"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_command_line_says_what_to_do(
    arguments: tuple[str, ...], code: int, words: str, firedrill: Run
) -> None:
    """Exit code 2 before anything is touched, 4 when something is not there; never a traceback."""
    done = firedrill(*arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_plan_of_a_suite_is_the_plan_of_each_drill(firedrill: Run, project: Path) -> None:
    """In the suite's order, with what it lays over each; a drill's plan is what `firedrill plan` says of it alone."""
    (project / "drills" / "suites").mkdir()
    (project / "drills" / "suites" / "nights.yaml").write_text(
        "suite: Nights\nbecause: It is dark.\ndrills: [lights-out, {drill: lights-out, set: [load.rate=5/s]}]\n"
    )
    said = json.loads(firedrill("plan", "--suite", "nights", "--target", "here", "--json").stdout)
    alone = json.loads(firedrill("plan", "lights-out", "--target", "here", "--json").stdout)
    assert (said["suite"], said["stops on"], len(said["drills"])) == ("nights", ["put-back"], 2)
    assert said["drills"][0] == alone
    assert said["drills"][1] | {"hash": alone["hash"]} == alone | {"set": ["load.rate=5/s"]}


def test_a_control_that_cannot_be_found_is_told_and_not_left_out(firedrill: Run, project: Path) -> None:
    """By `check` and by `plan`, exit 2: the engine itself would go on without a word."""
    path = project / "experiments" / "lights-out.yaml"
    path.write_text(path.read_text() + "controls: [{name: notes, provider: {type: python, module: faults.notes}}]\n")
    for arguments in (("check",), ("plan", "lights-out", "--target", "here")):
        done = firedrill(*arguments)
        assert (done.returncode, "there is no module faults.notes" in done.stderr) == (2, True), done.stderr


def test_stage_status_tells_programs_that_none_is_up(firedrill: Run) -> None:
    """The promised JSON, and an exit code that is not success."""
    done = firedrill("stage", "status", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (4, {"running": False})


@pytest.mark.parametrize(
    ("error", "code"),
    [("InvalidFile", 2), ("Usage", 2), ("CannotRun", 4), ("PutBackIncomplete", 5)],
)
def test_each_error_has_its_exit_code(error: str, code: int, firedrill: Run) -> None:
    """Pipelines tell by the code alone what kind of thing went wrong."""
    script = (
        f"from firedrill.cli.app import app, main\nfrom firedrill.errors import {error}\n"
        f"@app.command()\ndef boom():\n    raise {error}('it broke', where='here', next_step='mend it')\nmain()"
    )
    done = firedrill("boom", script=script)
    assert (done.returncode, done.stderr) == (code, "error: it broke\n  where: here\n  next: mend it\n")


BUG = (
    "from firedrill.cli.app import app, main\n@app.command()\ndef boom():\n    raise ZeroDivisionError('a bug')\nmain()"
)


def test_a_bug_is_a_line_and_a_file_not_a_traceback(firedrill: Run, tmp_path: Path) -> None:
    """The traceback is kept in a file that the line names, for whoever will mend it."""
    done = firedrill("boom", script=BUG, TMPDIR=str(tmp_path))
    assert done.returncode == 4
    assert done.stderr.startswith("error: firedrill itself failed: ZeroDivisionError: a bug\n  where: ")
    assert "Traceback" not in done.stderr
    (log,) = tmp_path.glob("firedrill-crash-*.log")
    assert "ZeroDivisionError: a bug" in log.read_text()


def test_debugging_shows_the_traceback(firedrill: Run, tmp_path: Path) -> None:
    """FIREDRILL_DEBUG=1 is for whoever works on firedrill."""
    assert "Traceback" in firedrill("boom", script=BUG, TMPDIR=str(tmp_path), FIREDRILL_DEBUG="1").stderr


def test_a_terminal_without_unicode_is_no_error(firedrill: Run, project: Path) -> None:
    """Text that the terminal cannot show is replaced, not fatal."""
    path = project / "drills" / "lights-out.yaml"
    path.write_text(changed(DRILL, "Somebody must notice.", "Zażółć ✓"), encoding="utf-8")
    done = firedrill("list", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (0, "lights-out\n  Za???? ?\n")


def test_the_version_is_the_packages(firedrill: Run) -> None:
    """`version` and `--version` say the same."""
    assert firedrill("version").stdout == firedrill("--version").stdout == f"firedrill {__version__}\n"


def test_a_new_drill_is_valid_as_it_stands_and_is_never_written_over(firedrill: Run, project: Path) -> None:
    """A skeleton is something that works and is then changed."""
    assert firedrill("new", "big-bang").returncode == 0
    assert firedrill("check", "big-bang", "--files-only", "--target", "here").returncode == 0
    before = (project / "drills" / "big-bang.yaml").read_bytes()
    again = firedrill("new", "big-bang")
    assert (again.returncode, (project / "drills" / "big-bang.yaml").read_bytes()) == (2, before)
    assert "big-bang.yaml is there already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "one thing at a time"),
        (("big-bang", "--target", "azure"), "one thing at a time"),
        (("--target", "azure"), "it does not say where to look"),
        (("--target", "../azure", "--resource-group", "rg"), "is not a name for a new file"),
        (("--target", "azure", "--resource-group", "rg", "--cloud", "mars"), "there is no cloud 'mars'"),
        (("--target", "here", "--resource-group", "rg"), "here.yaml is there already"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_new_refuses_before_it_asks_anybody(arguments: tuple[str, ...], words: str, firedrill: Run) -> None:
    """Exit 2."""
    done = firedrill("new", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
