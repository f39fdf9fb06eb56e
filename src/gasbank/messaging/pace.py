"""The pauses of a loop: slept through when nothing happens, cut short when something does, or when it is time to go."""

import asyncio


class Pace:
    """Make one per loop. `ending`: start nothing new."""

    def __init__(self) -> None:
        self.ending = False
        self._event = asyncio.Event()

    def wake(self) -> None:
        """There is something to do: the pause that runs now, or the next one, ends at once."""
        self._event.set()

    def end(self) -> None:
        self.ending = True
        self._event.set()

    async def rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return
        if not self.ending:
            self._event.clear()
