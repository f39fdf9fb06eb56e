"""Drill files: what is read, and how each mistake is told."""

import ast
import contextlib
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from unit.content.bad_drills import BAD, Bad
from unit.content.json_schema import fits
from unit.content.sample_project import DRILL, changed

from firedrill.content.drills import load_drill
from firedrill.content.quantities import duration_text, rate_text
from firedrill.content.resolved import resolved_yaml
from firedrill.content.schema import schema_of
from firedrill.errors import FiredrillError, InvalidFile
from firedrill.model.drill import Burst
from firedrill.model.units import per_second, seconds

REPOSITORY = Path(__file__).parents[3]
SHIPPED = sorted((REPOSITORY / "drills").glob("*.yaml"))


def error_of(project: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> InvalidFile:
    (project / "drills" / "lights-out.yaml").write_text(text)
    monkeypatch.chdir(project)
    with pytest.raises(InvalidFile) as caught:
        load_drill("lights-out", Path())
    return caught.value


def test_a_good_drill_is_read_in_base_units(project: Path) -> None:
    """Durations become seconds, rates hertz, percentages shares; defaults fill the rest."""
    drill = load_drill("lights-out", project)
    buy, look, control = drill.watches
    assert (drill.name, drill.title, drill.experiment) == ("lights-out", "Lights out", "lights-out")
    assert (buy.rate_hz, buy.timeout_s, buy.connections, buy.burst) == (20, 2, ("new", "kept"), Burst())
    assert (look.rate_hz, look.connections, look.burst) == (1.5, ("new",), Burst(50, 30))
    assert (control.control, control.burst) == (True, None)
    assert drill.load is not None
    assert (drill.load.file, drill.load.rate_hz, drill.load.users) == ("load/users.py", 10, 3)
    assert (drill.steady.for_s, drill.steady.within_s, drill.recovery.within_s) == (0.5, 60, None)


def test_objectives_keep_their_words(project: Path) -> None:
    """Each objective has its kind, watch, limit in base units, and the limit as a person would say it."""
    found = {one.name: one for one in load_drill("lights-out", project).objectives}
    words = {name: (one.watch, one.limit, one.limit_words) for name, one in found.items()}
    assert words == {
        "buy recovers within": ("buy", 60, "60s"),
        "look available": ("look", 0.995, "at least 99.5%"),
        "look answers within": ("look", 0.5, "500ms"),
        "failed requests": ("", 0.01, "at most 1%"),
        "lost writes": ("", 50, "at most 50, within 5s"),
        "duplicated writes": ("", 0, "none"),
        "redundancy back within": ("", 600, "10m"),
    }
    assert found["lost writes"].span_s == 5
    assert found["buy recovers within"].promised == "up to 60 seconds (October 2025)"


def test_a_drill_that_writes_nothing_promises_nothing_about_loss(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without load and witnesses there is nothing to lose; with either, the promise is asked for."""
    silent = changed(DRILL, "  lost writes: {at most: 50, within: 5s}\n", "")
    read = {**yaml.safe_load(silent), "load": None, "witnesses": None}
    path = project / "drills" / "lights-out.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in read.items() if value is not None}, sort_keys=False))
    assert "lost writes" not in {one.name for one in load_drill(path, project).objectives}


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_a_mistake_is_told_with_its_line(bad: Bad, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what, where (file and line), what is accepted and what to do next: word for word."""
    assert error_of(project, changed(DRILL, bad.old, bad.new), monkeypatch).render() == bad.error


@pytest.mark.parametrize("bad", [bad for bad in BAD if bad.structural], ids=[b.name for b in BAD if b.structural])
def test_the_schema_sees_what_is_wrong_in_one_value(bad: Bad) -> None:
    """Whatever is wrong with a value by itself is underlined by an editor that has our schema."""
    try:
        data = yaml.safe_load(changed(DRILL, bad.old, bad.new))
    except yaml.YAMLError:
        return
    if bad.name == "a key twice":
        return  # YAML parsers keep the last; only the loader sees both
    assert not fits(data, schema_of("drill"))


@pytest.mark.parametrize(
    "bad", [bad for bad in BAD if not bad.structural], ids=[b.name for b in BAD if not b.structural]
)
def test_the_schema_never_refuses_what_stands_right_by_itself(bad: Bad) -> None:
    """What is wrong only between keys or beside the file is the loader's to say: the schema accepts it."""
    assert fits(yaml.safe_load(changed(DRILL, bad.old, bad.new)), schema_of("drill"))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"- a list\n", "the file is not a mapping"),
        (b"just words\n", "the file is not a mapping"),
        (b"drill: \xff\xfe\n", "the file is not UTF-8 text (byte 8)"),
        (b"PK\x03\x04\x00\x00", "the file is not text: it holds zero bytes"),
        (
            b"a: 1\n---\nb: 2\n",
            "this is not YAML: but found another document (expected a single document in the stream)",
        ),
        (b"a: !!python/object:os.system x\n", "'x' cannot be read as tag:yaml.org,2002:python/object:os.system"),
        (b"base: &b {x: 1}\nrest: {<<: *b}\n", "merge keys (<<) are not accepted"),
        (b"on: 1\n", "a key must be text, this is on"),
        (b"? [a, b]\n: 1\n", "a key must be text, this is a list or mapping"),
        (b"a: &x [*x]\n", "too many values, or too deep"),
        (b"drill: " + b"x" * 300_000, "the file is too large"),
    ],
)
def test_a_file_that_is_no_mapping_of_text_is_refused(
    content: bytes, what: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Binary, empty, huge, recursive or otherwise unreadable files are refused by name, never with a traceback."""
    (project / "drills" / "lights-out.yaml").write_bytes(content)
    monkeypatch.chdir(project)
    with pytest.raises(InvalidFile) as caught:
        load_drill("lights-out", Path())
    assert caught.value.what == what
    assert caught.value.where.startswith("drills/lights-out.yaml")


def test_a_folder_is_not_a_drill(project: Path) -> None:
    """A path that is there but is no file says so."""
    with pytest.raises(InvalidFile, match="this is not a file"):
        load_drill(f"{project}/drills/load", project)


def test_a_million_from_one_anchor_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anchors are accepted, but a small file may not grow without end."""
    bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(5)
    )
    assert error_of(project, bomb, monkeypatch).what == "too many values, or too deep"


def test_all_controls_watch_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drill whose every watch is a control could never see an outage."""
    text = DRILL.replace("timeout: 2s}", "timeout: 2s, control: true}").replace(
        "rate: 90/m\n", "rate: 90/m\n    control: true\n"
    )
    assert error_of(project, text, monkeypatch).what == "watch: every watch is a control"


def test_a_probe_module_that_is_not_python_is_told_with_its_own_line(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error points into the module, not into the drill."""
    (project / "probes" / "shop.py").write_text("async def buy(ask):\n    return (\n")
    monkeypatch.chdir(project)
    with pytest.raises(InvalidFile) as caught:
        load_drill("lights-out", Path())
    assert (caught.value.what, caught.value.where) == (
        "the module is not Python: '(' was never closed",
        "probes/shop.py:2",
    )


def test_a_probe_of_an_installed_package_is_found_without_importing_it(project: Path) -> None:
    """`firedrill.probes` and other packages may hold probes; only their source is read."""
    text = changed(DRILL, "probes.shop.buy", "asyncio.tasks.sleep")
    (project / "drills" / "lights-out.yaml").write_text(text)
    assert load_drill("lights-out", project).watches[0].probe == "asyncio.tasks.sleep"


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_every_shipped_drill_is_valid_and_fits_the_schema(path: Path) -> None:
    """What we ship passes our own checks, and an editor does not underline it."""
    assert load_drill(path.stem, REPOSITORY).name == path.stem
    assert fits(yaml.safe_load(path.read_text()), schema_of("drill"))


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_a_resolved_drill_reads_back_the_same_without_its_project(path: Path, tmp_path: Path) -> None:
    """drill.yaml of a run is enough to rebuild the report, on a machine without the repository."""
    drill = load_drill(path.stem, REPOSITORY)
    (tmp_path / "drill.yaml").write_text(resolved_yaml(drill))
    again = load_drill(tmp_path / "drill.yaml", resolved=True)
    assert msgspec.to_builtins(again) == msgspec.to_builtins(drill)


@given(st.integers(1, 10**9).map(lambda n: round(n / 10**6, 6)))
def test_durations_and_rates_survive_being_written(number: float) -> None:
    """Writing a number and reading it again gives exactly the same number."""
    assert seconds(duration_text(number)) == number
    assert per_second(rate_text(number)) == number


def test_nothing_is_imported_to_check_a_drill() -> None:
    """The modules that read files name no module that runs code of others."""
    for path in (REPOSITORY / "src" / "firedrill" / "content").glob("*.py"):
        names = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert not names & {"import_module", "exec_module"}, path


def test_every_error_is_ours(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drill cut off anywhere gives one of our errors or a drill, never another exception."""
    monkeypatch.chdir(project)
    for end in range(0, len(DRILL), 7):
        (project / "drills" / "lights-out.yaml").write_text(DRILL[:end])
        with contextlib.suppress(FiredrillError):
            load_drill("lights-out", Path())
