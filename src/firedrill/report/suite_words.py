"""What a suite came to, in words: the sentence, and the cells of the table that page and summary share."""

from firedrill.model.suite import Drilled, Ending, SuiteRun
from firedrill.report.figures import count, duration, plural, span

DASH = "\u2013"
REMARKS: tuple[Ending, ...] = ("put-back incomplete", "fail", "could not run", "inconclusive", "not run")
SAID: dict[Ending, str] = {
    "pass": "Passed",
    "fail": "Failed",
    "inconclusive": "Inconclusive",
    "could not run": "Could not run",
    "put-back incomplete": "Put-back incomplete",
    "not run": "Not run",
}


def sentence(run: SuiteRun) -> str:
    """How many passed, then what did not, by name, the worst first."""
    passed = sum(one.ending == "pass" for one in run.drills)
    drills = plural(len(run.drills), "drill")
    counted = f"{passed} of {drills} passed" if passed < len(run.drills) or passed == 1 else f"all {drills} passed"
    remarks = [remark(ending, run) for ending in REMARKS if any(one.ending == ending for one in run.drills)]
    return " ".join([f"{run.title}: {counted}.", *remarks])


def remark(ending: Ending, run: SuiteRun) -> str:
    names = ", ".join(one.drill for one in run.drills if one.ending == ending)
    return f"{SAID[ending]}: {names}{f' ({run.stopped})' if ending == 'not run' and run.stopped else ''}."


def recovery(one: Drilled) -> str:
    """`transfer: 5.08 to 5.14 s`; without an outage, the shortest one that would have been seen."""
    if one.recovery_s is not None:
        return f"{one.watch}: {span(one.recovery_s)}"
    if one.detection_limit_s is None:
        return DASH
    when = " before it was mended" if one.gone_again else ""
    return f"no outage seen{when}; one longer than {duration(one.detection_limit_s)} would have been"


def lost(one: Drilled) -> str:
    if one.acknowledged is None:
        return DASH
    return "not judged" if one.lost is None else f"{count(one.lost)} of {count(one.acknowledged)}"


def exposure(one: Drilled) -> str:
    if one.exposure_s is None:
        return DASH
    return "none seen" if one.exposure_s.high == 0 else span(one.exposure_s)


def took(one: Drilled) -> str:
    return DASH if one.took_s is None else duration(one.took_s)


def reason(one: Drilled, run: SuiteRun) -> str:
    """Why it did not pass; for a drill that was left out, why it was."""
    return one.why or (run.stopped if one.ending == "not run" else "")
