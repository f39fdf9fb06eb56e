"""The commands. Each parses, calls one function, prints and exits; nothing is decided here.

Everything that costs time to import is imported inside the command that needs it.
"""
