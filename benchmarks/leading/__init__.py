"""Rounds against real processes that want to lead: who takes over, how soon, and whether anybody's old token is ever accepted."""
