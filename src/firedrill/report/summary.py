"""The verdict as Markdown for the summary of a pipeline step: the sentence, the parts, the objectives. No more."""

from firedrill.model.drill import Drill
from firedrill.model.verdict import Objective, Verdict
from firedrill.report.figures import plural, quantity
from firedrill.report.parts import parts
from firedrill.report.plain import for_markdown
from firedrill.report.section_objectives import limit_words, margin, why

SHAPES = {"pass": "\u2714 pass", "fail": "\u2716 **fail**", "inconclusive": "? **inconclusive**"}


def render_summary(drill: Drill, verdict: Verdict) -> str:
    """Markdown, ending in a newline."""
    blocks = [
        f"## {SHAPES[verdict.outcome]}: {for_markdown(drill.title)}{' (rehearsal)' if verdict.rehearsal else ''}",
        for_markdown(verdict.sentence),
        "\n".join(f"- {question} {SHAPES[word]}{reason(said)}" for question, word, said in parts(verdict)),
        objectives(drill, verdict),
        f"Run {for_markdown(verdict.run)} on {for_markdown(verdict.target)}, started {for_markdown(verdict.started)}.",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def reason(words: str) -> str:
    return f": {for_markdown(words)}" if words else ""


def objectives(drill: Drill, verdict: Verdict) -> str:
    if not verdict.objectives:
        return ""
    kinds = {spec.name: str(spec.kind) for spec in drill.objectives}
    head = ["| objective | limit | measured | margin | outcome |", "|---|---|---|---|---|"]
    rows = [row_of(row, kinds.get(row.name, "")) for row in verdict.objectives]
    return f"{plural(len(rows), 'objective')}:\n\n" + "\n".join([*head, *rows])


def row_of(row: Objective, kind: str) -> str:
    cells = [row.name, limit_words(row), quantity(row.measured, row.unit), margin(row, kind)]
    return f"| {' | '.join(map(for_markdown, cells))} | {SHAPES[row.outcome]}{reason(why(row))} |"
