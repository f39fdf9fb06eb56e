"""Who is asked, when all is over, which writes of the run are there: the bank's books, and the archive of what customers were told."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote

from firedrill.probes import Ask
from probes.gasbank.asking import STARTS, demand, note_start

BOOKING = "booking "
REGIONS = ("1", "2")


async def database(ask: Ask, prefix: str) -> AsyncIterator[tuple[str, int]]:
    """The witness: every journal transaction whose key begins with `prefix`, and how often it is there."""
    after = ""
    while True:
        reply = await ask.get(f"/audit/entries?prefix={prefix}&limit=1000&after={after}")
        if reply.status != 200:
            raise RuntimeError(f"the bank would not list its journal: HTTP {reply.status} {reply.body[:200]!r}")
        page = reply.json()
        for entry in page["entries"]:
            yield entry["key"], entry["times"]
        if not page["next"]:
            return
        after = page["next"]


async def archive(ask: Ask, prefix: str) -> AsyncIterator[tuple[str, int]]:
    """The witness outside the database: every movement that customers were told of, as the archive has it. One that the books do not
    have is a ghost. A movement has a document per party and version, and counts once.
    """
    await note_start(ask)
    found: Counter[str] = Counter()
    today = STARTS[ask.run].moment.date()
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        for region in REGIONS:
            async for subject in subjects(ask, region, day.isoformat()):
                found[subject.removeprefix(BOOKING)] += subject.startswith(BOOKING + prefix)
    for key in sorted(found):
        if found[key]:
            yield key, 1


async def subjects(ask: Ask, region: str, gas_day: str) -> AsyncIterator[str]:
    mark = ""
    while True:
        path = f"/audit/archive/{region}/{gas_day}?mark={quote(mark, safe='')}"
        page = demand(await ask.get(path), f"the archive's documents of {gas_day}").json()
        for document in page["documents"]:
            yield document["subject"]
        if not page["next"]:
            return
        mark = page["next"]
