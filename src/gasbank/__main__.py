"""`python -m gasbank migrate` and `python -m gasbank serve`; settings come from the environment."""

import argparse
import asyncio
import os
import sys

from gasbank.errors import BadSettingError
from gasbank.settings import Settings, settings

HELP = """settings, from the environment:
  PORT              where to listen on 127.0.0.1 (8000)
  SQL_READ_WRITE    postgresql://user:password@host:port/gasbank, the read-write listener
  SQL_READ_ONLY     the same, the read-only listener
  REGION, INSTANCE  names, shown in /about and /status
  GASBANK_DEADLINE  how long a request may wait for the database (60s)
  MISTAKE           a known mistake to make: no-retry, stale-pool (none)

examples:
  SQL_READ_WRITE=... SQL_READ_ONLY=... python -m gasbank migrate
  PORT=8001 REGION=westeurope SQL_READ_WRITE=... SQL_READ_ONLY=... python -m gasbank serve
"""


def main(arguments: list[str], environment: dict[str, str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m gasbank", epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["migrate", "serve"], help="create the books, or serve them over HTTP")
    command = parser.parse_args(arguments).command
    try:
        run(command, settings(environment))
    except BadSettingError as error:
        print(f"gasbank: {error}", file=sys.stderr)
        return 2
    return 0


def run(command: str, chosen: Settings) -> None:
    """Each command imports what it needs: the web server costs `migrate` nothing."""
    if command == "serve":
        from gasbank.serve import serve

        serve(chosen)
    else:
        from gasbank.migrate import migrate

        asyncio.run(migrate(chosen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))
