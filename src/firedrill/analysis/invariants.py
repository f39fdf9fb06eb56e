"""Statements that must be true in every read. Never checked, or never after the fault, is inconclusive."""

from collections.abc import Sequence

from firedrill.model.history import Sample
from firedrill.model.verdict import Invariant, Verdict3

PREFIX = "invariant: "  # how the prober names their samples
ENOUGH = 10  # checks that must have been answered from the fault on before "it held" may be said


def judge_invariant(name: str, samples: Sequence[Sample], fault_at: float | None) -> Invariant:
    """`samples` are those of this invariant; a value says what was wrong, an empty one that it held."""
    answered = [sample for sample in samples if sample.outcome == "ok"]
    violations = [sample.value for sample in answered if sample.value]
    from_fault = [sample for sample in answered if fault_at is not None and sample.done >= fault_at]
    outcome: Verdict3 = "inconclusive"
    if violations:
        outcome = "fail"
    elif len(from_fault if fault_at is not None else answered) >= ENOUGH:
        outcome = "pass"
    return Invariant(
        name=name,
        outcome=outcome,
        checked=len(answered),
        checked_from_fault=len(from_fault),
        violated=len(violations),
        unanswered=len(samples) - len(answered),
        first_violation=violations[0] if violations else "",
    )
