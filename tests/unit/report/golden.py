"""Golden files: what a report looked like when somebody last agreed to it.

`GOLDEN=write pytest tests/unit/report` writes them anew; the diff is then what is reviewed.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "golden"


def agrees(name: str, text: str) -> bool:
    """Compares with the golden file, or writes it when asked to."""
    file = FOLDER / name
    if os.environ.get("GOLDEN") == "write":
        file.write_text(text, "utf-8")
    return file.read_text("utf-8") == text
