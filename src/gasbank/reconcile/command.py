"""The command: its arguments, what it prints, its exit code."""

import argparse
import asyncio
import sys
from pathlib import Path

import msgspec

from gasbank.archive.blobs import BlobError
from gasbank.bank import Bank
from gasbank.errors import BadSettingError
from gasbank.reconcile.acknowledged import read_file
from gasbank.reconcile.findings import Findings, findings
from gasbank.reconcile.messages import repair_messages
from gasbank.reconcile.repair import repair
from gasbank.reconcile.witnesses import gather
from gasbank.resilience.classify import BreakerOpenError
from gasbank.settings import Settings

OLDER_S = 30.0
SHOWN = 50
EPILOG = """exit codes: 0 nothing is wrong, or all was repaired; 1 something is left; 2 usage

examples:
  python -m gasbank reconcile --acknowledged keys.txt
  python -m gasbank reconcile --acknowledged ledger-load.jsonl --repair --json
"""


class Outcome(msgspec.Struct):
    """`findings`: before the repair. `left`: after it, or the same without one."""

    findings: Findings
    repaired: list[str]
    left: Findings


def main(settings: Settings, arguments: list[str]) -> int:
    asked = parser().parse_args(arguments)
    if not (settings.blob_1 and settings.blob_2):
        raise BadSettingError("BLOB_1 and BLOB_2 must be set: the archive is a witness")
    acknowledged = read_file(asked.acknowledged)
    try:
        outcome = asyncio.run(reconcile(settings, acknowledged, repairs=asked.repair, older_s=asked.older))
    except (BlobError, BreakerOpenError) as error:
        print(f"gasbank: a region of the archive does not answer, so nothing is concluded: {error}", file=sys.stderr)
        return 1
    print(msgspec.json.encode(outcome).decode() if asked.json else words(outcome))
    return 1 if outcome.left.wrong else 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m gasbank reconcile", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--acknowledged", type=Path, required=True, metavar="FILE", help="keys that clients were told were posted"
    )
    made.add_argument(
        "--repair",
        action="store_true",
        help="post again what the archive proves, retract the rest; send again what a capability has not heard",
    )
    made.add_argument("--json", action="store_true", help="print one JSON object")
    made.add_argument(
        "--older",
        type=float,
        default=OLDER_S,
        metavar="SECONDS",
        help=f"a booking may wait so long for the archive ({OLDER_S:g})",
    )
    return made


async def reconcile(settings: Settings, acknowledged: set[str], *, repairs: bool, older_s: float) -> Outcome:
    bank = Bank(settings)
    try:
        evidence = await gather(bank, acknowledged)
        found = findings(evidence, older_s)
        done = [*await repair(bank, evidence), *await repair_messages(settings)] if repairs else []
        if not done:
            return Outcome(found, [], found)
        return Outcome(found, done, findings(await gather(bank, acknowledged), older_s))
    finally:
        await bank.close()


def words(outcome: Outcome) -> str:
    lines = [f"kept: {outcome.findings.kept}"]
    for name in ("lost", "recoverable", "ghosts", "orphans", "unproved"):
        lines += listed(name, getattr(outcome.findings, name))
    lines += listed("repaired", outcome.repaired)
    lines.append(f"left: {outcome.left.wrong}")
    return "\n".join(lines)


def listed(name: str, entries: list[str]) -> list[str]:
    more = [f"  and {len(entries) - SHOWN} more: --json lists all"] if len(entries) > SHOWN else []
    return [f"{name}: {len(entries)}", *(f"  {entry}" for entry in entries[:SHOWN]), *more]
