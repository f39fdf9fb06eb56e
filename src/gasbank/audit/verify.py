"""Is everything that was sealed still there, as it was? Reads all links and all their rows in one snapshot; repairs nothing."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gasbank.audit.chain import START, link_hash, row_hash
from gasbank.audit.rows import SOURCES, sealed, slipped_in
from gasbank.settings import Settings
from gasbank.store.engine import make_engine

PAGE, SHOWN = 2000, 20
SEALED = {source: text(sealed(source)) for source in SOURCES}
SLIPPED_IN = {source: text(slipped_in(source)) for source in SOURCES}
END = text("SELECT coalesce(max(link), 0) FROM audit.chain")


async def check(settings: Settings) -> int:
    """Print the first broken link, or that there is none; the exit code: 0 or 1."""
    engine = make_engine(
        settings.sql_read_write, f"gasbank {settings.instance} audit", 1, settings.habits, "audit", limits=""
    )
    try:
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            broken, links = await verify(connection)
    finally:
        await engine.dispose()
    for said in broken:
        print(said)
    print(f"the audit chain is {'broken' if broken else 'whole'}: {links} links")
    return 1 if broken else 0


async def verify(connection: AsyncConnection) -> tuple[list[str], int]:
    """(the first broken link, or what slipped in behind the seal, one sentence each; how many links there are)"""
    before, number = START, 0
    broken: list[str] = []
    async for link in links(connection):
        number += 1
        if said := fault(link, number, before):
            broken.append(said)
            break
        before = link.hash
    for source, statement in () if broken else SLIPPED_IN.items():
        rows = (await connection.execute(statement, {"limit": SHOWN})).scalars()
        broken += [f"{source} {row}: was put in behind the seal" for row in rows]
    return broken, (await connection.execute(END)).scalar_one()


async def links(connection: AsyncConnection) -> AsyncIterator[Any]:
    """In their order, with their rows."""
    end = (await connection.execute(END)).scalar_one()
    for after in range(0, end, PAGE):
        page: list[Any] = []
        for statement in SEALED.values():
            page += (await connection.execute(statement, {"after": after, "until": after + PAGE})).all()
        for link in sorted(page, key=lambda each: int(each.link)):
            yield link


def fault(link: Any, expected: int, before: bytes) -> str:
    """What is wrong with this link; "" when nothing is."""
    what = f"link {link.link} ({link.source} {link.number})"
    if link.link != expected:
        return f"link {expected} is gone"
    if link.hash != link_hash(before, link.source, link.xid, link.number, link.row_hash):
        return f"{what}: the link itself was changed"
    if link.content is None:
        return f"{what}: the row that it sealed is gone"
    if row_hash(link.content) != link.row_hash:
        return f"{what}: the row was changed after it was sealed"
    return ""
