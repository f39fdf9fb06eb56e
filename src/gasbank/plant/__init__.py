"""The capability "plant": where gas is really put into store and taken out. It has a meter of its own, which no other book sets.

`handlers` notes what it is asked, `rules` decides, `carrying` moves the gas and answers, `web` shows the meter.
"""
