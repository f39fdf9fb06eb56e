"""chaosazure led to a stage as our control does it, doing what it is told.

Reads {"func": "chaosazure.vmss.actions.stop_vmss", "arguments": {...}} a line on stdin and prints {"result": ...} or
{"error": ...}. A process of its own, as importing chaosazure takes seconds and its configuration is the environment.
"""

import importlib
import json
import sys

from firedrill.actions.chaosazure import lead_to_endpoint

lead_to_endpoint()

for line in sys.stdin:
    asked = json.loads(line)
    module, _, name = asked["func"].rpartition(".")
    try:
        said = {"result": getattr(importlib.import_module(module), name)(**asked["arguments"])}
    except Exception as error:  # noqa: BLE001 - whatever it was, whoever asked decides
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(said, default=str), flush=True)
