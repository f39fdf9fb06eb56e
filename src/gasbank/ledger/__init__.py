"""The capability "accounts and ledger": who holds how much gas. Its tables are its own; others reach it by messages only.

`rules` decides, `posting` appends events (a movement and its lines), `projector` folds them into what `reading` answers
from, `handlers` takes messages, `fold` says what all of it must add up to.
"""
