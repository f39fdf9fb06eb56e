"""A process that owns a failover group until it is killed: prints the pids of its postmasters, then waits.

Run as a program: the folder of the stage.
"""

import asyncio
import json
import sys
from pathlib import Path

from e2e.stage_sql_hammer import running_group


async def own(folder: Path) -> None:
    async with running_group(folder) as (group, _):
        clusters = [server.cluster for server in group.pair.servers.values()]
        print(json.dumps([int((c.data / "postmaster.pid").read_text().split()[0]) for c in clusters]), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(own(Path(sys.argv[1])))
