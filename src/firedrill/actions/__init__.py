"""Chaos Toolkit actions: one fault, one small file, its undo beside it. Each also works in plain `chaos run`."""
