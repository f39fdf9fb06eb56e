"""One drill, one way: drill file -> Drill -> engine -> run directory -> History -> Verdict -> page -> exit code.

Every step can be entered again from disk: `rebuild` starts at the run directory, `recover` at its undo journal.
"""

import importlib.metadata
import logging
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from firedrill import __version__
from firedrill.analysis.verdict import conclude
from firedrill.clock import Clock, stamp, utc_now
from firedrill.content.activities import activities
from firedrill.content.drills import load_drill, resolved_yaml
from firedrill.content.plans import Order, Plan, describe
from firedrill.engine import place as places
from firedrill.engine.access import check_rights
from firedrill.engine.interrupts import Interrupts
from firedrill.engine.job import Job
from firedrill.engine.load import Ui
from firedrill.engine.preflight import check_target, refuse_open_undo
from firedrill.engine.recover import hearing, put_back
from firedrill.engine.runner import Runner
from firedrill.engine.view import View
from firedrill.errors import CannotRun, Exit, FiredrillError, PutBackIncomplete
from firedrill.model import events as kinds
from firedrill.model.history import RunInfo
from firedrill.model.verdict import Verdict
from firedrill.report.junit import render_junit
from firedrill.report.page import render_page
from firedrill.report.summary import render_summary
from firedrill.safety.home import home
from firedrill.safety.lock import locked
from firedrill.safety.undo import OpenUndo, UndoJournal, open_undos
from firedrill.store import rundir
from firedrill.store.events import EventLog
from firedrill.store.history import read_history
from firedrill.store.seal import changed, seal

OUTCOMES = {"pass": Exit.PASS, "fail": Exit.FAIL, "inconclusive": Exit.INCONCLUSIVE}


class Ended(NamedTuple):
    """How a run ended: its directory, its verdict, and what could not be written down."""

    folder: Path
    verdict: Verdict
    troubles: list[str]

    @property
    def exit_code(self) -> Exit:
        if self.verdict.put_back.outcome != "pass":
            return Exit.PUT_BACK_INCOMPLETE
        return Exit.CANNOT_RUN if self.troubles or self.refused else OUTCOMES[self.verdict.outcome]

    @property
    def refused(self) -> bool:
        """The control plane would not take the fault (no rights, say), so that there was nothing to measure."""
        return any(one.accepted_s is None and one.control_plane_done_s is None for one in self.verdict.faults)


def run(plan: Plan, order: Order, view: View, ui: Ui | None = None) -> Ended:
    """Run one drill to its end; the pages of `ui` stay up until it is closed. FiredrillError when it could not be run; a bad outcome is not an error."""
    with locked(home() / "lock", plan.target.name):
        return run_locked(plan, order, view, Interrupts(view.say), ui)


def run_locked(plan: Plan, order: Order, view: View, interrupts: Interrupts, ui: Ui | None = None) -> Ended:
    """`run` for whoever holds the target's lock. SystemExit when `interrupts` had noted one before the drill began."""
    refuse_open_undo(plan.target.name)
    rundir.check_place(order.reports)
    keep = places.Keep(order.keep_stage)
    with places.at(plan.target, plan.project, view.say, keep) as place:
        check_rights(plan.target, activities(plan.experiment))
        check_target(plan.target, place, plan.experiment)
        interrupts.stop_if_asked()
        ended = carry_out(plan, order, place, view, interrupts, ui)
        keep.up = keep.up or ended.verdict.put_back.outcome != "pass"
        return ended


def carry_out(
    plan: Plan, order: Order, place: places.Place, view: View, interrupts: Interrupts, ui: Ui | None = None
) -> Ended:
    """From an empty run directory to its verdict."""
    run, began, clock = rundir.new_run_id(), utc_now(), Clock.start()
    folder = rundir.create_run_dir(order.reports, plan.drill.name, run, began)
    seed = order.seed if order.seed is not None else int(run, 16) % 1_000_000
    log = EventLog(folder / rundir.EVENTS, clock, "firedrill")
    write_inputs(folder, plan)
    undo = UndoJournal(folder, plan.target.name, home())
    job = Job(
        plan.drill,
        plan.experiment,
        plan.target,
        place,
        plan.project,
        folder,
        run,
        seed,
        clock,
        log,
        undo,
        view,
        set(),
        [],
        ui,
    )
    log.record(kinds.RUN_STARTED, **msgspec.to_builtins(run_info(plan, place, run, stamp(began), seed)))
    runner = conduct(job, interrupts)
    try:
        seal(folder, log)
        return Ended(folder, rebuild(folder), job.troubles)
    except FiredrillError as error:
        raise worst_error(runner, error, job.troubles) from error
    finally:
        log.close()


def conduct(job: Job, interrupts: Interrupts) -> Runner:
    with interrupts.installed(), job.listening(), logging_to(job.folder / rundir.LOG):
        runner = Runner(job, interrupts)
        runner.conduct()
    return runner


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Keep what Chaos Toolkit and the SDKs log with the run, off the terminal."""
    handler = logging.FileHandler(path, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logger, azure = logging.getLogger(), logging.getLogger("azure")
    before = logger.level, azure.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    azure.setLevel(logging.WARNING)  # at INFO it logs every request, headers and all
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        azure.setLevel(before[1])
        handler.close()


def worst_error(runner: Runner, error: FiredrillError, troubles: list[str]) -> FiredrillError:
    """The run could not be written down; whether it was put back matters more."""
    if runner.outcome is None or not runner.outcome.rollbacks_failed:
        return CannotRun("\n".join([error.what, *troubles]), where=error.where, next_step=error.next_step)
    return PutBackIncomplete(
        f"{'; '.join(runner.outcome.rollbacks_failed.values())}; and the run could not be written down: {error.what}",
        where=error.where,
        next_step="firedrill recover",
    )


def write_inputs(folder: Path, plan: Plan) -> None:
    rundir.write_synced(folder / rundir.DRILL, resolved_yaml(plan.drill).encode())
    rundir.write_synced(folder / rundir.PLAN, msgspec.json.format(msgspec.json.encode(describe(plan))))


def run_info(plan: Plan, place: places.Place, run: str, started: str, seed: int) -> RunInfo:
    import getpass

    packages = ("chaostoolkit-lib", "azure-mgmt-sql", "locust")
    return RunInfo(
        run=run,
        drill=plan.drill.name,
        target=plan.target.name,
        started=started,
        rehearsal=plan.target.rehearsal,
        by=getpass.getuser(),
        seed=seed,
        profile=place.profile,
        firedrill=__version__,
        plan_hash=plan.hash,
        versions={"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages},
        settings=place.settings,
    )


def rebuild(folder: Path) -> Verdict:
    """Make verdict, page and summaries again from the run directory, byte for byte."""
    drill = load_drill(str(folder / rundir.DRILL), folder, (), resolved=True)
    history = read_history(folder)
    verdict = conclude(drill, history)
    outputs = {
        rundir.VERDICT: encode_verdict(verdict).decode(),
        rundir.JUNIT: render_junit(verdict),
        rundir.SUMMARY: render_summary(drill, verdict),
        rundir.PAGE: render_page(drill, history, verdict),
    }
    for name, content in outputs.items():
        try:
            rundir.write_synced(folder / name, content.encode())
        except OSError as error:
            raise CannotRun(
                f"cannot write {name}: {error.strerror}",
                where=str(folder),
                next_step="free disk space, then: firedrill report RUN",
            ) from error
    return verdict


def encode_verdict(verdict: Verdict) -> bytes:
    return msgspec.json.format(msgspec.json.encode(verdict), indent=2) + b"\n"


def verify(folder: Path) -> list[str]:
    """Everything that does not fit, in words: changed raw files, and a verdict that its raw files do not give."""
    if problems := changed(folder):
        return problems
    drill = load_drill(str(folder / rundir.DRILL), folder, (), resolved=True)
    verdict = conclude(drill, read_history(folder))
    written = (folder / rundir.VERDICT).read_bytes() if (folder / rundir.VERDICT).exists() else b""
    if written != encode_verdict(verdict):
        return [f"{rundir.VERDICT}: is not what the raw files give; firedrill report {folder} makes it again"]
    return []


def recover(say: Callable[[str], None], target: str | None = None) -> list[Path]:
    """Put back what dead runs left, and finish their reports. The run directories; PutBackIncomplete when it failed."""
    with locked(home() / "lock", target or "local"):
        return [finish(left, say) for left in open_undos(home(), target)]


def finish(left: OpenUndo, say: Callable[[str], None]) -> Path:
    """One dead run: put back, close its journal, seal and report it."""
    say(f"settling what {left.run} left on {left.target}")
    run = read_history(left.run).run
    log = EventLog(left.run / rundir.EVENTS, Clock.of_run(run.started), "firedrill recover")
    journal = UndoJournal(left.run, left.target, home())
    with hearing(log):
        why = put_back(left, journal, rehearsal=run.rehearsal)
    journal.close(why)
    seal(left.run, log)
    log.close()
    rebuild(left.run)
    say(why)
    return left.run
