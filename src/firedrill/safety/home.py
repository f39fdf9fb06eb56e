"""Where firedrill keeps what must outlive a run: locks, and pointers to undo that is still open.

`FIREDRILL_HOME`, else `$XDG_STATE_HOME/firedrill`, else `~/.local/state/firedrill`.
"""

import os
from pathlib import Path


def home() -> Path:
    """The directory, created when it is missing."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    path = Path(os.environ.get("FIREDRILL_HOME") or state / "firedrill")
    path.mkdir(parents=True, exist_ok=True)
    return path
