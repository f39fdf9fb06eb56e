"""The few words of Kusto in which resources are looked for: a strict parser, and rows through it. Pure.

`Resources | where type =~ 'x' and (name == 'a' or name startswith 'b') | sample 2 | project name, properties.vmId`.
A query with anything else in it is refused by name, never guessed at: a drill that hits other machines than it named
is worse than one that does not start.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\]|\['[^']*'\])*~?)
    | (?P<number>\d+)
    | (?P<sign>=~|==|!~|!=|[|(),])
    )""",
    re.VERBOSE,
)
PART = re.compile(r"\['([^']*)'\]|\[(\d+)\]|(\w+)")
ACCEPTED = "where with ==, =~, !=, !~, in, in~, contains, startswith, endswith, and, or, not, ( ); sample; take; limit; project"


class NotUnderstood(Exception):  # noqa: N818 - a refusal
    """What of a query is not understood."""


class Token(NamedTuple):
    kind: str  # "text", "word", "number", "sign", or "end"
    value: str


class Query(NamedTuple):
    """What is done to the rows, in order; and every value that a column was compared with, for checks of the asker."""

    steps: tuple[Callable[[list[Row]], list[Row]], ...]
    compared: tuple[tuple[str, str], ...]

    def run(self, rows: Sequence[Row]) -> list[Row]:
        found = list(rows)
        for step in self.steps:
            found = step(found)
        return found


COMPARE: dict[str, Callable[[str, str], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "=~": lambda left, right: left.lower() == right.lower(),
    "!~": lambda left, right: left.lower() != right.lower(),
    "contains": lambda left, right: right.lower() in left.lower(),
    "startswith": lambda left, right: left.lower().startswith(right.lower()),
    "endswith": lambda left, right: left.lower().endswith(right.lower()),
}


def parse(text: str, random: Random) -> Query:
    """NotUnderstood says what it stumbled over. `random` draws samples."""
    return Parser(text, random).query()


def tokens(text: str) -> Iterator[Token]:
    at = 0
    while text[at:].strip():
        match = TOKEN.match(text, at)
        if match is None:
            raise NotUnderstood(f"{text[at:].strip()[:20]!r} is not understood")
        kind = str(match.lastgroup)
        yield Token(kind, unquoted(match[kind]) if kind == "text" else match[kind])
        at = match.end()
    yield Token("end", "the end")


def unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


class Parser:
    """Recursive descent, one method per rule; `or` binds weakest."""

    def __init__(self, text: str, random: Random) -> None:
        self._tokens = list(tokens(text))
        self._random = random
        self._compared: list[tuple[str, str]] = []

    def query(self) -> Query:
        if self._next("word").lower() != "resources":
            raise NotUnderstood("the only table is Resources")
        steps = []
        while self._take("|"):
            steps.append(self._step())
        self._expect("end")
        return Query(tuple(steps), tuple(self._compared))

    def _step(self) -> Callable[[list[Row]], list[Row]]:
        name = self._next("word")
        if name == "where":
            test = self._any()
            return lambda rows: [row for row in rows if test(row)]
        if name == "sample":
            count = int(self._next("number"))
            return lambda rows: self._random.sample(rows, min(count, len(rows)))
        if name in ("take", "limit"):
            count = int(self._next("number"))
            return lambda rows: rows[:count]
        if name == "project":
            columns = [self._next("word")]
            while self._take(","):
                columns.append(self._next("word"))
            return lambda rows: [{column: value(row, column) for column in columns} for row in rows]
        raise NotUnderstood(f"the operator {name!r} is not understood")

    def _any(self) -> Test:
        tests = [self._all()]
        while self._take("or"):
            tests.append(self._all())
        return lambda row: any(test(row) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._take("and"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._take("not"):
            self._expect("(")
            test = self._closed()
            return lambda row: not test(row)
        return self._closed() if self._take("(") else self._comparison()

    def _closed(self) -> Test:
        test = self._any()
        self._expect(")")
        return test

    def _comparison(self) -> Test:
        column = self._next("word")
        sign = self._tokens.pop(0)
        if sign.value in ("in", "in~"):
            same = COMPARE["==" if sign.value == "in" else "=~"]
            wanted = self._list(column)
            return lambda row: any(same(as_text(value(row, column)), one) for one in wanted)
        if sign.kind not in ("sign", "word") or sign.value not in COMPARE:
            raise NotUnderstood(f"{sign.value!r} after {column} is not understood")
        compare, right = COMPARE[sign.value], self._literal(column)
        return lambda row: compare(as_text(value(row, column)), right)

    def _list(self, column: str) -> list[str]:
        self._expect("(")
        found = [self._literal(column)]
        while self._take(","):
            found.append(self._literal(column))
        self._expect(")")
        return found

    def _literal(self, column: str) -> str:
        token = self._tokens.pop(0)
        if token.kind not in ("text", "number"):
            raise NotUnderstood(
                f"{column} is compared with {token.value!r}, which is neither text in quotes nor a number"
            )
        self._compared.append((column, token.value))
        return token.value

    def _take(self, what: str) -> bool:
        token = self._tokens[0]
        if token.kind in ("sign", "word") and token.value == what:
            self._tokens.pop(0)
            return True
        return False

    def _expect(self, what: str) -> None:
        if not self._take(what) and self._tokens[0].kind != what:
            raise NotUnderstood(f"{self._tokens[0].value!r} is not understood; {what!r} would be")

    def _next(self, kind: str) -> str:
        token = self._tokens.pop(0)
        if token.kind != kind:
            raise NotUnderstood(f"{token.value!r} is not understood; a {kind} would be")
        return token.value


def value(row: Row, column: str) -> Any:
    """What a column such as `properties.vmId`, `zones[0]` or `tags['a']` holds; None when there is nothing."""
    found: Any = row
    for key, index, word in PART.findall(column):
        if index:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
        else:
            found = found.get(word or key) if isinstance(found, Mapping) else None
    return found


def as_text(found: Any) -> str:
    if isinstance(found, bool):
        return str(found).lower()
    return "" if found is None else str(found)
