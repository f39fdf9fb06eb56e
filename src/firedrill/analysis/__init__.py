"""Findings from a History: pure functions, no disk, no network, no clock. A check that could not be made is inconclusive."""
