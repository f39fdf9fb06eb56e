"""JSON Schema (2020-12) of what people write and of the verdict, for editors and other programs.

Made from the same tables that read the files. Bounds that carry a unit, and what must hold between keys, are the
loader's alone: the schema accepts whatever the loader accepts, and refuses most of what it refuses.
"""

from typing import Any

import msgspec

from firedrill.content.drills import DRILL
from firedrill.content.shape import Record
from firedrill.content.suites import SUITE
from firedrill.content.targets import TARGET
from firedrill.model.verdict import Verdict

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KINDS = ("drill", "suite", "target", "verdict")


def schema_of(kind: str) -> dict[str, Any]:
    """The schema of `drill`, `suite`, `target` or `verdict`."""
    records: dict[str, Record[Any]] = {"drill": DRILL, "suite": SUITE, "target": TARGET}
    body = records[kind].schema() if kind in records else msgspec.json.schema(Verdict)
    return {"$schema": DIALECT, "title": f"firedrill {kind}", **body}
