"""`python -m firedrill.engine.prober CONFIG.json` asks until told to stop; `--witness CONFIG.json NAME` reads a witness.

Exit codes: 0 it did what it was told, 2 usage, 4 it could not (one line on stderr says why).
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from firedrill.engine.prober.config import read_config
from firedrill.engine.prober.main import watch_until_stopped
from firedrill.engine.prober.precedence import take_precedence, take_sockets
from firedrill.engine.prober.witness import read_witness
from firedrill.errors import Exit, FiredrillError

USAGE = "usage: python -m firedrill.engine.prober CONFIG.json | --witness CONFIG.json package.module.function"


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["--witness", config, name]:
                run(read_witness(read_config(Path(config)), name))
            case [config] if not config.startswith("-"):
                take_precedence()
                take_sockets()
                run(watch_until_stopped(read_config(Path(config))))
            case _:
                print(USAGE, file=sys.stderr)
                return Exit.USAGE
    except FiredrillError as error:
        details = "; ".join(text for text in (error.where, error.accepted, error.next_step) if text)
        print(f"prober: {error.what}" + (f" ({details})" if details else ""), file=sys.stderr)
        return error.exit_code
    return Exit.PASS


def run(life: Coroutine[Any, Any, Any]) -> None:
    with asyncio.Runner(loop_factory=fast_loop()) as runner:
        runner.run(life)


def fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists: the same questions for less than half of the processor."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop  # type: ignore[no-any-return]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
