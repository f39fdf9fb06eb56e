"""The capability "statements": what each party's gas days came to, folded from what the ledger says it has posted.

`handlers` folds, `reading` answers, `closing` tells the party when a day is over and all of its lines have come.
"""
