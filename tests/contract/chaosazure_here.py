"""chaosazure pointed at a stage: replaces the two names that know only Microsoft's clouds, then does what it is told.

Reads {"func": "chaosazure.vmss.actions.stop_vmss", "arguments": {...}} a line on stdin and prints {"result": ...} or
{"error": ...}. A process of its own, as importing chaosazure takes seconds and its configuration is the environment.
"""

import contextlib
import importlib
import json
import os
import sys

import chaosazure
from azure.identity import DefaultAzureCredential


@contextlib.contextmanager
def auth(_secrets):
    yield DefaultAzureCredential()


chaosazure.auth = auth
chaosazure.get_management_url_from_authority = lambda _secrets: os.environ["ARM_ENDPOINT"]

for line in sys.stdin:
    asked = json.loads(line)
    module, _, name = asked["func"].rpartition(".")
    try:
        said = {"result": getattr(importlib.import_module(module), name)(**asked["arguments"])}
    except Exception as error:  # noqa: BLE001 - whatever it was, whoever asked decides
        said = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(said, default=str), flush=True)
