"""The four verdicts that the outcome is the worst of, in the order in which one doubts a drill."""

from firedrill.model.reversibility import mending
from firedrill.model.verdict import Verdict, Verdict3, worst


def parts(verdict: Verdict) -> list[tuple[str, Verdict3, str]]:
    """(question, outcome, why); the system held when every objective and every invariant did."""
    held = worst([*(row.outcome for row in verdict.objectives), *(row.outcome for row in verdict.invariants)])
    after = mending(fault.reversibility for fault in verdict.faults)
    return [
        ("Was it injected?", verdict.injection.outcome, verdict.injection.why),
        ("Did the system hold?", held, ""),
        (after.question, verdict.put_back.outcome, verdict.put_back.why),
        ("Was it measured well?", verdict.measurement.outcome, verdict.measurement.why),
    ]
