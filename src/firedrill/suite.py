"""A suite: several drills one after the other, in one bring-up of the stage, with one page at the end.

The target is locked for the whole suite, the stage is brought up once, and before each drill but the first redundancy
is waited for. A drill that fails does not keep the others from being run; one that is not put back does. What became of
each drill is written down after each, so that a suite that is killed still says how far it came.
"""

import getpass
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from firedrill import __version__
from firedrill.analysis.sentence import judged_parts, slowest_first
from firedrill.clock import Clock, sleep, stamp, utc_now
from firedrill.content.plans import Order, Plan
from firedrill.content.suites import SuitePlan
from firedrill.engine import place as places
from firedrill.engine.interrupts import STOP, Interrupts
from firedrill.engine.preflight import check_redundancy
from firedrill.engine.view import View
from firedrill.errors import CannotRun, Exit, FiredrillError, NotRedundant
from firedrill.model.suite import STOPS_AT, Drilled, Ending, SuiteRun, exit_code_of, outcome_of
from firedrill.model.units import in_words
from firedrill.model.verdict import Verdict
from firedrill.pipeline import Ended, run_locked
from firedrill.report.suite_files import render_suite_junit, render_suite_summary
from firedrill.report.suite_page import render_suite_page
from firedrill.safety.home import home
from firedrill.safety.lock import locked
from firedrill.safety.undo import is_left_open
from firedrill.store import rundir

FOLDER = "suites"
RECORD = "suite.json"
PAGE = "index.html"
CRASHES = "crashes.txt"
ASK_EVERY_S = 1.0
ENDINGS: dict[Exit, Ending] = {
    Exit.PASS: "pass",
    Exit.FAIL: "fail",
    Exit.INCONCLUSIVE: "inconclusive",
    Exit.CANNOT_RUN: "could not run",
    Exit.PUT_BACK_INCOMPLETE: "put-back incomplete",
}


class SuiteEnded(NamedTuple):
    folder: Path
    record: SuiteRun


def run_suite(plan: SuitePlan, view: View) -> SuiteEnded:
    """Run every drill of a suite, as far as it goes. FiredrillError when nothing could be begun or written down."""
    with locked(home() / "lock", plan.target.name):
        rundir.check_place(plan.order.reports)
        book, interrupts = Book(plan), Interrupts(view.say)
        with interrupts.noted():
            conduct(plan, book, view, interrupts)
        return SuiteEnded(book.folder, book.record)


class Book:
    """The record of one run of a suite. Every change is on disk, page and all, before anything else is done."""

    def __init__(self, plan: SuitePlan) -> None:
        self.clock = Clock.start()
        began, run = utc_now(), rundir.new_run_id()
        self.folder = rundir.create_run_dir(plan.order.reports / FOLDER, plan.suite.name, run, began)
        self.verdicts: list[Verdict | None] = [None] * len(plan.steps)
        self.record = SuiteRun(
            schema=1,
            suite=plan.suite.name,
            title=plan.suite.title,
            because=plan.suite.because,
            run=run,
            target=plan.target.name,
            rehearsal=plan.target.rehearsal,
            started=stamp(began),
            by=getpass.getuser(),
            firedrill=__version__,
            took_s=0.0,
            outcome="inconclusive",
            exit_code=Exit.INCONCLUSIVE,
            stopped="the suite was ended before it came this far",
            drills=tuple(
                Drilled(each.drill.name, each.drill.title, step.overrides)
                for step, (_, each) in zip(plan.suite.drills, plan.steps, strict=True)
            ),
        )
        self.write()

    def add(self, number: int, drilled: Drilled, verdict: Verdict | None) -> None:
        drills = list(self.record.drills)
        drills[number], self.verdicts[number] = drilled, verdict
        self.record = replace(self.record, drills=tuple(drills))
        self.write()

    def stop(self, why: str) -> None:
        """Nothing more is run; `why` stands beside every drill that was left out."""
        self.record = replace(self.record, stopped=why if self.left() else "")
        self.write()

    def left(self) -> list[int]:
        return [number for number, one in enumerate(self.record.drills) if one.ending == "not run"]

    def write(self) -> None:
        drills = self.record.drills
        self.record = record = replace(
            self.record, took_s=round(self.clock.now(), 3), outcome=outcome_of(drills), exit_code=exit_code_of(drills)
        )
        outputs = {
            RECORD: msgspec.json.format(msgspec.json.encode(record), indent=2).decode() + "\n",
            rundir.JUNIT: render_suite_junit(record, self.verdicts),
            rundir.SUMMARY: render_suite_summary(record),
            PAGE: render_suite_page(record),
        }
        for name, content in outputs.items():
            try:
                rundir.write_synced(self.folder / name, content.encode())
            except OSError as error:
                raise CannotRun(f"cannot write {name}: {error.strerror}", where=str(self.folder)) from error


def conduct(plan: SuitePlan, book: Book, view: View, interrupts: Interrupts) -> None:
    """The place, once, and every drill in it. What keeps us from having a place is the first open drill's reason."""
    keep = places.Keep(plan.order.keep_stage)
    try:
        with places.at(plan.target, plan.project, view.say, keep) as place:
            book.stop(every_drill(plan, book, place, view, interrupts))
            keep.up = keep.up or any(one.ending == "put-back incomplete" for one in book.record.drills)
    except Exception as error:  # noqa: BLE001 - a bug, too: the record must say what the exit code says
        if not book.left():
            view.say(f"every drill has ended, the suite did not in order: {said(error)}")
            book.write()
            return
        number = book.left()[0]
        drilled = failed(book.record.drills[number], error, book)
        book.add(number, drilled, None)
        book.stop(drilled.why)


def every_drill(plan: SuitePlan, book: Book, place: places.Place, view: View, interrupts: Interrupts) -> str:
    """One after the other; why the rest was left out, or nothing."""
    for number, (order, each) in enumerate(plan.steps):
        if interrupts.asked:
            return f"stopped by {interrupts.asked}"
        view.say(f"drill {number + 1} of {len(plan.steps)}: {each.drill.name}")
        if number:
            wait_for_redundancy(plan, each, place, view, interrupts)
        try:
            ended = one_drill(number, order, each, book, view, interrupts)
        except SystemExit as stopped:  # asked to stop while the drill was being made ready: it is left out too
            if stopped.code != STOP:
                raise
            continue
        if STOPS_AT.get(ended.ending) in plan.suite.stop_on:
            return f"the suite stops on {STOPS_AT[ended.ending]}: {ended.drill}"
    return f"stopped by {interrupts.asked}" if interrupts.asked else ""


def wait_for_redundancy(plan: SuitePlan, each: Plan, place: places.Place, view: View, interrupts: Interrupts) -> None:
    """Until what the next drill is about has its second leg; NotRedundant after the limit of the suite.

    Every other refusal is left to the drill itself, whose own business it may be.
    """
    limit_s, every_s = plan.suite.between.redundancy_s, max(place.poll_s, ASK_EVERY_S)
    try:
        wait(
            lambda: check_redundancy(each.target, place, each.experiment),
            limit_s,
            every_s,
            view.say,
            lambda: bool(interrupts.asked),
        )
    except NotRedundant as error:
        what = f"redundancy did not come back within {in_words(limit_s)}: {error.what}"
        raise NotRedundant(what, where=error.where, accepted=error.accepted, next_step=error.next_step) from error
    except CannotRun:
        return


def wait(
    ask: Callable[[], object], limit_s: float, every_s: float, say: Callable[[str], None], stop: Callable[[], bool]
) -> None:
    """Ask until NotRedundant is not raised any more, or the limit has passed: then it is raised."""
    clock, told = Clock.start(), False
    while not stop():
        try:
            ask()
            return
        except NotRedundant:
            if clock.now() + every_s > limit_s:
                raise
        if not told:
            say("waiting for redundancy")
            told = True
        sleep(every_s)


def one_drill(number: int, order: Order, plan: Plan, book: Book, view: View, interrupts: Interrupts) -> Drilled:
    """Run it and write down what became of it."""
    began = book.clock.now()
    open_entry = replace(book.record.drills[number], began_s=round(began, 3))
    verdict: Verdict | None = None
    try:
        ended = run_locked(plan, order, view, interrupts)
    except Exception as error:  # noqa: BLE001 - a bug in one drill keeps no other from being run
        drilled = failed(open_entry, error, book)
    else:
        verdict = ended.verdict
        drilled = with_verdict(open_entry, ended, os.path.relpath(ended.folder, book.folder))
    drilled = replace(drilled, took_s=round(book.clock.now() - began, 3))
    book.add(number, drilled, verdict)
    view.say(f"{drilled.drill}: {drilled.ending}{f' ({drilled.why})' if drilled.why else ''}")
    return drilled


def failed(entry: Drilled, error: Exception, book: Book) -> Drilled:
    """A drill that ended without a verdict. What a bug left open is not put back."""
    if isinstance(error, FiredrillError):
        broken = error.exit_code == Exit.PUT_BACK_INCOMPLETE
    else:
        with (book.folder / CRASHES).open("a") as log:
            traceback.print_exception(error, file=log)
        broken = is_left_open(home(), book.record.target)
    return replace(entry, ending="put-back incomplete" if broken else "could not run", why=said(error))


def said(error: Exception) -> str:
    """An error in one line."""
    if not isinstance(error, FiredrillError):
        return " ".join(f"firedrill itself failed: {type(error).__name__}: {error}; next: read {CRASHES}".split())
    return " ".join(f"{error.what}; next: {error.next_step}".split()) if error.next_step else error.what


def with_verdict(entry: Drilled, ended: Ended, run: str) -> Drilled:
    """The figures of a verdict, as the table of a suite has them."""
    verdict, ending = ended.verdict, ENDINGS[ended.exit_code]
    watched = [(name, watch) for name, watch in verdict.watches.items() if not watch.control and watch.samples]
    down = sorted(((name, watch.recovery_s) for name, watch in watched if watch.recovery_s), key=slowest_first)
    slowest, recovery = down[0] if down and verdict.faults else ("", None)
    seen = [watch.detection_limit_s for _, watch in watched]
    return replace(
        entry,
        ending=ending,
        why=why(ending, ended),
        run=run,
        sentence=verdict.sentence,
        watch=slowest,
        recovery_s=recovery,
        detection_limit_s=max(seen) if seen and verdict.faults else None,
        gone_again=any(watch.gone_again for _, watch in watched),
        acknowledged=verdict.writes.acknowledged,
        lost=verdict.writes.lost if verdict.writes.witnesses else None,
        exposure_s=verdict.put_back.exposure_s,
    )


def why(ending: Ending, ended: Ended) -> str:
    """What failed or stayed open, by name."""
    verdict = ended.verdict
    if ending == "put-back incomplete":
        return verdict.put_back.why
    if ending == "could not run":
        return "; ".join(ended.troubles) or verdict.injection.why
    return ", ".join(name for name, found in judged_parts(verdict) if found == ending != "pass")
