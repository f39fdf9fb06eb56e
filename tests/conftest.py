"""Hypothesis as this house wants it: a busy machine is no finding, so no example is failed for the time that it took."""

from hypothesis import HealthCheck, settings

settings.register_profile("firedrill", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("firedrill")
