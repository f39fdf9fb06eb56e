"""Numbers as Prometheus reads them (text format 0.0.4). What is not known is left out: absent is not zero."""

from collections.abc import Sequence
from typing import Literal, NamedTuple


class Metric(NamedTuple):
    """`samples`: (label, its value, number); an empty label is none."""

    name: str
    kind: Literal["gauge", "counter"]
    samples: Sequence[tuple[str, str, float | None]]


def text_of(metrics: Sequence[Metric]) -> str:
    """All metrics, with the prefix gasbank_."""
    return "".join(lines_of(metric) for metric in metrics)


def lines_of(metric: Metric) -> str:
    known = [(label, value, number) for label, value, number in metric.samples if number is not None]
    lines = [f"gasbank_{metric.name}{labelled(label, value)} {number}\n" for label, value, number in known]
    return f"# TYPE gasbank_{metric.name} {metric.kind}\n{''.join(lines)}"


def labelled(label: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{label}="{escaped}"}}' if label else ""
