"""A bank for natural gas: the reference system that the fire drills break.

Accounts hold kWh, every movement is double entry, and each pattern that keeps such a system up (retry, circuit
breaker, fallback, idempotency) has its own small file. It knows nothing of the toolkit that drills it.
"""
