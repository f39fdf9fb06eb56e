"""Questions about a system. A probe is `async def transfer(ask: Ask) -> Answer`; this is all that it needs to import.

A probe asks, and says what the answer means: `ok`, `fail` (it did not happen) or `unknown` (it may have happened). It
never retries, never waits and never reads a clock: the prober does the timing. Beside probes a module may have

- `async def prepare(ask: Ask) -> None`: called once before the watches start (accounts that must exist, say);
- witnesses, `async def database(ask: Ask, prefix: str) -> AsyncIterator[tuple[str, int]]`: what is stored under the
  run's ids when everything is over, and how often.
"""

from firedrill.probes.answers import Answer, Broken, Malformed, Unreached, fail, ok, unknown
from firedrill.probes.ask import Ask
from firedrill.probes.wire import Reply

__all__ = ["Answer", "Ask", "Broken", "Malformed", "Reply", "Unreached", "fail", "ok", "unknown"]
