"""Which messages of a topic a subscription gets: true, false, correlation and SQL filters.

Of the SQL filters a useful part: comparisons, AND, OR, NOT, IN, LIKE, EXISTS, IS NULL and brackets, on application
properties and on `sys.` ones. What is not understood is refused when the rule is made, never when a message comes.
"""

import fnmatch
import re
from collections.abc import Callable
from typing import Any

import msgspec

from azsim.servicebus.broker.errors import argument
from azsim.servicebus.broker.message import Message

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.\-]*|\[[^\]]+\])"
    r"|(?P<sign><>|!=|<=|>=|=|<|>|\(|\)|,))"
)
SYSTEM = {
    "messageid": "message-id",
    "to": "to",
    "label": "subject",
    "subject": "subject",
    "replyto": "reply-to",
    "correlationid": "correlation-id",
    "contenttype": "content-type",
    "sessionid": "group-id",
}
Test = Callable[[Message], bool]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: bool(one == other),
    "<>": lambda one, other: bool(one != other),
    "!=": lambda one, other: bool(one != other),
    "<": lambda one, other: bool(one < other),
    ">": lambda one, other: bool(one > other),
    "<=": lambda one, other: bool(one <= other),
    ">=": lambda one, other: bool(one >= other),
}


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`sql` is an expression, or "" for a correlation filter: property -> value, application's and system's."""

    name: str
    sql: str = "1=1"
    system: dict[str, str] = {}
    application: dict[str, Any] = {}

    def test(self) -> Test:
        """Whether a message passes; BrokerError when the expression is not understood."""
        return Parser(self.sql).whole() if self.sql else self._correlates

    def _correlates(self, message: Message) -> bool:
        wanted = ((SYSTEM.get(name.lower(), name), value) for name, value in self.system.items())
        return all(str(message.properties.get(name, "")) == value for name, value in wanted) and all(
            message.application.get(name) == value for name, value in self.application.items()
        )


def value_of(name: str, message: Message) -> Any:
    """A property by its name in an expression; None when the message has none."""
    name = name.strip("[]")
    prefix, _, short = name.rpartition(".")
    if prefix.lower() == "sys":
        return message.properties.get(SYSTEM.get(short.lower(), short))
    return message.application.get(short)


class Parser:
    """Recursive descent over one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            if match is None:
                raise self._refuse(text[at : at + 20])
            self._tokens.append((match.lastgroup or "", match[0].strip()))
            at = match.end()

    def _refuse(self, where: str) -> Exception:
        return argument(f"The SQL filter '{self._text}' is not understood at '{where}'.")

    def whole(self) -> Test:
        test = self._or()
        if self._tokens:
            raise self._refuse(self._tokens[0][1])
        return test

    def _peek(self) -> str:
        return self._tokens[0][1].upper() if self._tokens else ""

    def _take(self, *wanted: str) -> bool:
        if self._peek() in wanted and self._tokens[0][0] != "text":
            self._tokens.pop(0)
            return True
        return False

    def _need(self, wanted: str) -> None:
        if not self._take(wanted):
            raise self._refuse(self._peek() or "its end")

    def _or(self) -> Test:
        tests = [self._and()]
        while self._take("OR"):
            tests.append(self._and())
        return tests[0] if len(tests) == 1 else lambda message: any(test(message) for test in tests)

    def _and(self) -> Test:
        tests = [self._not()]
        while self._take("AND"):
            tests.append(self._not())
        return tests[0] if len(tests) == 1 else lambda message: all(test(message) for test in tests)

    def _not(self) -> Test:
        if self._take("NOT"):
            inner = self._not()
            return lambda message: not inner(message)
        if self._take("("):
            inner = self._or()
            self._need(")")
            return inner
        if self._take("EXISTS"):
            self._need("(")
            read = self._operand()
            self._need(")")
            return lambda message: read(message) is not None
        return self._comparison()

    def _comparison(self) -> Test:
        left = self._operand()
        if self._take("IS"):
            wants_null = not self._take("NOT")
            self._need("NULL")
            return lambda message: (left(message) is None) == wants_null
        positive = not self._take("NOT")
        if self._take("IN"):
            values = self._list()
            return lambda message: (left(message) in [read(message) for read in values]) == positive
        if self._take("LIKE"):
            pattern = self._operand()
            return lambda message: like(left(message), pattern(message)) == positive
        sign = self._peek()
        if sign not in COMPARE or not positive:
            raise self._refuse(sign or "its end")
        self._tokens.pop(0)
        right = self._operand()
        return lambda message: compared(sign, left(message), right(message))

    def _list(self) -> list[Callable[[Message], Any]]:
        self._need("(")
        values = [self._operand()]
        while self._take(","):
            values.append(self._operand())
        self._need(")")
        return values

    def _operand(self) -> Callable[[Message], Any]:
        if not self._tokens:
            raise self._refuse("its end")
        kind, said = self._tokens.pop(0)
        if kind == "text":
            constant: Any = said[1:-1].replace("''", "'")
        elif kind == "number":
            constant = float(said) if "." in said else int(said)
        elif kind == "name" and said.upper() in ("TRUE", "FALSE"):
            constant = said.upper() == "TRUE"
        elif kind == "name":
            return lambda message: value_of(said, message)
        else:
            raise self._refuse(said)
        return lambda _message: constant


def compared(sign: str, left: Any, right: Any) -> bool:
    """Unknown (None) and values of different kinds compare as false."""
    if left is None or right is None:
        return False
    try:
        return COMPARE[sign](left, right)
    except TypeError:
        return False


def like(value: Any, pattern: Any) -> bool:
    """`%` for anything, `_` for one character."""
    if not isinstance(value, str) or not isinstance(pattern, str):
        return False
    shell = pattern.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]").replace("%", "*").replace("_", "?")
    return fnmatch.fnmatchcase(value, shell)
