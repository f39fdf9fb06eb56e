"""From the documents of one movement back to the command that made it. Pure.

Only when every party that it touches has its document, and all of them are about the very same movement; else the reason is said.
"""

from collections.abc import Container, Sequence
from typing import Any

from gasbank.ledger.accounts import SYSTEM, owner
from gasbank.ledger.commands import Deposit, Direction, Movement, Reserve, Settle, Trade, Transfer, Withdraw
from gasbank.ledger.rules import legs

Document = dict[str, Any]
SAME = ("id", "version", "key", "kind", "posted_at", "hour")
FLOWS: dict[str, Direction] = {"injection": "inject", "store-withdrawal": "withdraw"}
RESULT, MATCHED = "flow-result ", "transfer-matched "


class Unproved(Exception):  # noqa: N818 - a finding, not a fault
    """Why the documents are not enough to post the movement again."""


def command_of(documents: Sequence[Document], matched: Container[str]) -> Movement:
    """`documents`: the newest of each party. `matched`: the matchings that still stand, by business key: a trade without its matching
    would be posted a second time when the parties nominate again. Unproved says what is missing.
    """
    first, *others = [document["content"] for document in documents]
    if any([other[name] for name in SAME] != [first[name] for name in SAME] for other in others):
        raise Unproved("its documents are about different movements")
    moved = {line["account"]: line["kwh"] for document in documents for line in document["content"]["lines"]}
    try:
        command = built(first, moved)
    except (ValueError, KeyError, IndexError) as error:
        raise Unproved(f"its lines make no {first['kind']}") from error
    if isinstance(command, Trade) and first["key"].removeprefix(MATCHED) not in matched:
        raise Unproved("the matching of its deal is lost as well: the parties must nominate again")
    if customers_lines(command) != moved:
        raise Unproved("not every party has its document, or the lines do not add up")
    return command


def built(content: dict[str, Any], moved: dict[str, int]) -> Movement:
    kind, key, hour = content["kind"], content["key"], content["hour"]
    kwh, account = max(map(abs, moved.values())), owner(min(moved))
    match kind:
        case "deposit":
            return Deposit(account, kwh)
        case "withdrawal":
            return Withdraw(account, kwh)
        case "transfer" | "trade":
            (giver, _), (taker, _) = sorted(moved.items(), key=lambda item: item[1])
            deal = key.removeprefix(MATCHED).rsplit(" ", 2)[0]
            return Transfer(giver, taker, kwh) if kind == "transfer" else Trade(deal, hour, giver, taker, kwh)
        case "injection" | "store-withdrawal":
            return Reserve(account, kwh, hour, FLOWS[kind])
        case _:
            return settled(key, kind, hour, account, kwh)


def settled(key: str, kind: str, hour: str, account: str, kwh: int) -> Settle:
    direction, _, outcome = kind.partition("-")
    if direction not in ("inject", "withdraw") or outcome not in ("done", "refused") or not key.startswith(RESULT):
        raise ValueError(kind)
    asked: Direction = "inject" if direction == "inject" else "withdraw"
    return Settle(key.removeprefix(RESULT), account, kwh, asked, outcome == "done", hour)


def customers_lines(command: Movement) -> dict[str, int]:
    """What the command moves on the accounts of customers."""
    lines: dict[str, int] = {}
    for giver, taker in legs(command):
        lines[giver] = lines.get(giver, 0) - command.kwh
        lines[taker] = lines.get(taker, 0) + command.kwh
    return {account: kwh for account, kwh in lines.items() if account not in SYSTEM}
