"""A process that wants to lead and writes while it does, and a stubborn part of it that never stops: as a zombie would be.

The stubborn part shows the last token that the process had, whatever the clock says. Only the database can refuse it. Settings are the
bank's; run by `benchmarks.leading.rounds`.
"""

import asyncio
import os
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.bank import Bank
from gasbank.errors import StaleTokenError
from gasbank.leader.elector import Elector
from gasbank.messaging.stepping import OneTurn, Stepping
from gasbank.messaging.steps import Step
from gasbank.settings import settings

NAME = "plant/act"
EVERY_S = 0.02
ACT = text("INSERT INTO acting.acts (token, who, stubborn) VALUES (:token, :who, :stubborn)")
REFUSED = text("INSERT INTO acting.refused (token, who) VALUES (:token, :who)")


class Actor:
    def __init__(self, bank: Bank) -> None:
        self.bank, self.who = bank, bank.settings.instance
        self.elector = Elector(bank)
        self.stepping = Stepping(bank, "plant", Step("act", EVERY_S, self.act), self.elector)
        self.last: int | None = None

    async def act(self, turn: Any) -> bool:
        """As every leader of the bank does."""
        self.last = turn.lease[1]
        await turn.transact(lambda c: self._insert(c, turn.lease[1], stubborn=False))
        return False

    async def _insert(self, connection: AsyncConnection, token: int, *, stubborn: bool) -> None:
        await connection.execute(ACT, {"token": token, "who": self.who, "stubborn": stubborn})

    async def insist(self) -> None:
        """Forget to look at the clock."""
        while True:
            await asyncio.sleep(EVERY_S)
            if (token := self.last) is None:
                continue
            try:
                await self._stubbornly(token)
            except StaleTokenError:
                await self._refused(token)
            except Exception:  # noqa: BLE001, S112 - the database is away: insist later
                continue

    async def _stubbornly(self, token: int) -> None:
        turn = OneTurn(self.bank, "plant", (NAME, token))
        await turn.transact(lambda c: self._insert(c, token, stubborn=True))

    async def _refused(self, token: int) -> None:
        await self.bank.write("plant", lambda c: c.execute(REFUSED, {"token": token, "who": self.who}))
        if self.last == token:
            self.last = None


async def main() -> None:
    actor = Actor(Bank(settings(dict(os.environ), copy_needed=False)))
    await asyncio.gather(actor.elector.run(), actor.stepping.run(), actor.insist())


if __name__ == "__main__":
    asyncio.run(main())
