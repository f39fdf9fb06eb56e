"""`python -m gasbank COMMAND`; settings come from the environment."""

import argparse
import asyncio
import gc
import os
import sys

from gasbank.errors import BadSettingError
from gasbank.roles import ALL, ROLES
from gasbank.settings import Settings, settings

HELP = """commands:
  migrate           create the books, or bring them up to date
  serve [ROLE]      serve over HTTP; ROLE: commands, reads, worker, plant (without one: commands and reads on one port)
  check             compare balances, projections and events, and verify the audit chain; exit code 1 when anything differs
  rebuild           forget the projections and fold all events again
  reconcile         look for what was acknowledged and is not there: --acknowledged FILE [--repair] [--json]

settings, from the environment:
  HOST, PORT        where to listen (127.0.0.1, 8080)
  SQL_READ_WRITE    postgresql://user:password@host:port/gasbank, the read-write listener
  SQL_READ_ONLY     the same, the read-only listener (not needed by: serve commands, migrate)
  BUS_A, BUS_B      connection strings of the two buses; BLOB_1, BLOB_2: of the two blob accounts
  BUS_A_LISTEN, BUS_B_LISTEN  the same with a key that may receive, where those above may only send (none: those above)
  JWKS, AUTHORITY   keys and issuer of the tokens that users must show (none: nobody is asked)
  REGION, INSTANCE  names, shown in /about and /status
  GASBANK_DEADLINE  how long a request may wait for the database (60s)
  GASBANK_LEASE     how long a leader leads without asking again (3s)
  GASBANK_SIGNING_KEY  32 random bytes in base64, signs what customers are told (none: a key for development that proves nothing)
  MISTAKE           a known mistake to make: no-retry, stale-pool, ... (none)

examples:
  SQL_READ_WRITE=... python -m gasbank migrate
  PORT=8001 REGION=westeurope SQL_READ_WRITE=... SQL_READ_ONLY=... python -m gasbank serve reads
  SQL_READ_WRITE=... python -m gasbank check
"""


def main(arguments: list[str], environment: dict[str, str]) -> int:
    parser = make_parser()
    asked, rest = parser.parse_known_args(arguments)
    if rest and asked.command != "reconcile":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    needs_copy = asked.command == "serve" and ROLES[asked.role].answers
    try:
        return run(asked, rest, settings(environment, copy_needed=needs_copy))
    except BadSettingError as error:
        print(f"gasbank: {error}", file=sys.stderr)
        return 2


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gasbank", epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in ("migrate", "check", "rebuild"):
        commands.add_parser(name)
    commands.add_parser("reconcile", add_help=False)
    commands.add_parser("serve").add_argument("role", nargs="?", default=ALL, choices=list(ROLES), metavar="ROLE")
    return parser


def run(asked: argparse.Namespace, rest: list[str], chosen: Settings) -> int:
    """Each command imports what it needs: the web server costs `migrate` nothing. The exit code."""
    match asked.command:
        case "serve":
            from gasbank.serve import serve

            serve(chosen, asked.role)
            return 0
        case "migrate":
            from gasbank.migrate import migrate

            asyncio.run(migrate(chosen))
            return 0
        case "reconcile":
            from gasbank.reconcile import run as reconcile

            return reconcile(chosen, rest)
        case "check":
            return asyncio.run(check(chosen))
        case _:
            from gasbank.ledger import audit

            return asyncio.run(audit.rebuild(chosen))


async def check(chosen: Settings) -> int:
    """The chain that seals the books, then the books; the worse of the two exit codes."""
    from gasbank.audit import verify
    from gasbank.ledger import audit

    return max(await verify.check(chosen), await audit.check(chosen))


if __name__ == "__main__":
    gc.disable()  # nothing that imports make is garbage; the collector would look at all of it, again and again
    sys.exit(main(sys.argv[1:], dict(os.environ)))
