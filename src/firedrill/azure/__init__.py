"""The official Azure SDKs, held so that their defaults cannot hurt a drill. Imports are lazy: they cost seconds."""
