"""Section 9: what went in (versions, seed, settings, hashes), and the verdict for machines, safe inside a page."""

import msgspec
from markupsafe import Markup

from firedrill.model.drill import Drill
from firedrill.model.history import History
from firedrill.model.verdict import Verdict
from firedrill.report.table import Fact

# Inside <script> only these can end the element, open a comment, or end a line of JavaScript.
UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def inputs(drill: Drill, history: History, verdict: Verdict) -> list[Fact]:
    run = history.run
    return [
        Fact("Drill", f"{drill.name}: {drill.title}"),
        Fact("Experiment", drill.experiment),
        Fact("Run", run.run),
        Fact("Target", run.target),
        Fact("Started", run.started),
        Fact("Started by", run.by),
        Fact("Seed", str(run.seed)),
        Fact("Profile", run.profile),
        Fact("Plan hash", run.plan_hash or "none"),
        Fact("Evidence hash", verdict.evidence or "none: the run was not sealed"),
        Fact("firedrill", run.firedrill),
    ]


def listed(pairs: dict[str, str]) -> list[Fact]:
    """Settings or versions, by name."""
    return [Fact(name, value) for name, value in sorted(pairs.items())]


def for_machines(history: History, verdict: Verdict) -> Markup:
    """The verdict and what ran, as JSON; `verdict` has the schema of verdict.json."""
    text = msgspec.json.encode({"run": history.run, "verdict": verdict}, order="deterministic").decode()
    return Markup(text.translate(UNSAFE))  # noqa: S704 nothing that HTML or JavaScript reads as its own is left
