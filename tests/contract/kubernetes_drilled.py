"""Actions on a stage's clusters as an experiment carries them out: in a process of its own, since kubernetes reads KUBECONFIG once.

`python kubernetes_drilled.py` reads `[[module, function, arguments], ...]` as JSON from stdin and prints one object for each call:
`{"answer"}` or `{"refused"}`, with the notes that the action made.
"""

import importlib
import json
import os
import subprocess
import sys
from typing import Any

from contract.running_stage import RunningStage, environment

Call = tuple[str, str, dict[str, Any]]


def drilled(stage: RunningStage, *calls: Call, **more: str) -> list[dict[str, Any]]:
    """What came of each; `more` is set in the environment, "" for what is not to be there."""
    status = stage.status()
    said = {
        **environment(status),
        "KUBECONFIG": status["kubeconfig"],
        "FIREDRILL_STAGE": stage.first_line["control"],
        "FIREDRILL_STAGE_TOKEN": stage.first_line["token"],
        "FIREDRILL_POLL_S": "0.1",
        "PYTHONPATH": os.pathsep.join(sys.path),
        **more,
    }
    env = {name: value for name, value in said.items() if value}
    done = subprocess.run(
        [sys.executable, __file__], input=json.dumps(calls), env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return list(json.loads(done.stdout))


def carried_out(module: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    from chaoslib.exceptions import ActivityFailed

    from firedrill.actions import notes

    heard: list[str] = []
    stop = notes.listen(lambda kind, _at, _data: heard.append(kind))
    try:
        return {"answer": getattr(importlib.import_module(module), name)(**arguments), "notes": heard}
    except ActivityFailed as error:
        return {"refused": str(error), "notes": heard}
    finally:
        stop()


if __name__ == "__main__":
    print(json.dumps([carried_out(*call) for call in json.load(sys.stdin)]))
