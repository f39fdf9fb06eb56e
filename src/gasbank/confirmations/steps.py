"""What confirmations does by itself, one process at a time: archive what was told, and bring home what was displaced.

The auditor is no capability and has no worker: its rows are sealed from here, with its own rights.
"""

from gasbank.archive.homing import home_some
from gasbank.audit.sealing import seal_some
from gasbank.confirmations.archiving import archive_some
from gasbank.messaging.steps import Step

STEPS = (Step("archive", 0.5, archive_some), Step("home", 1.0, home_some), Step("seal", 1.0, seal_some))
