"""A table as data: every chart of the page has one beside it, and all of them are drawn by one macro.

A cell is text (escaped by the template) or Markup; an Outcome is drawn as a shape and a word.
"""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from firedrill.model.verdict import Verdict3


class Outcome(NamedTuple):
    """What a cell with a verdict holds; `why` stands under the word, `said` instead of it."""

    word: Verdict3
    why: str = ""
    said: str = ""


Cell = str | Markup | Outcome


class Column(NamedTuple):
    """`kind` is a CSS class: "number" (right-aligned), "strong", "quiet", "plot", "code" or nothing."""

    title: str
    kind: str = ""


class Table(NamedTuple):
    """The first column names its row. `caption` is read out, and shown where `shown` says so."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    shown: bool = False


class Fact(NamedTuple):
    """One line of a description list."""

    term: str
    words: str | Markup
