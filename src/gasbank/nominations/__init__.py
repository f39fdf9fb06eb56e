"""The capability "nominations and matching": who says to sell or buy how much in which hour, and what both sides are told.

`documents` reads what customers send, `rules` decides whether it counts, `accepting` keeps it, `deal` and gasbank.domain.matching
say what follows from both sides' nominations, `cycle` does that for all deals that changed, `told` says it to others.
"""
