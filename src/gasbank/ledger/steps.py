"""What the ledger does by itself: it folds its events into what readers ask."""

from gasbank.ledger.projector import project_once
from gasbank.messaging.steps import Step, Turn

EVERY_S = 0.5  # readers add what is not folded yet, so nobody waits for this
BATCH = 500


async def fold(turn: Turn) -> bool:
    """In any number of processes: whoever holds the checkpoint folds, the others find nothing to do."""
    skips = turn.bank.habits.skips_gaps
    return await turn.read(lambda c: project_once(c, BATCH, skips_gaps=skips)) == BATCH


STEPS = (Step("fold", EVERY_S, fold, leads=False),)
