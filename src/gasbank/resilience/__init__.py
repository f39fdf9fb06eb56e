"""How the bank lives with services that go away: classify the error, retry what may pass, break what does not.

The order, outermost first: total deadline > retry > circuit breaker > time limit of one attempt.
"""
