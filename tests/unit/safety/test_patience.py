"""How long a run waits for the second leg."""

import pytest
from msgspec.structs import replace

from firedrill.engine.runner import redundancy_patience_s
from firedrill.model.drill import ObjectiveSpec
from tests.unit.report import sample_run


@pytest.mark.parametrize(("limit_s", "waits_s"), [(60.0, 600.0), (540.0, 600.0), (3600.0, 3660.0), (None, 600.0)])
def test_redundancy_is_waited_for_longer_than_the_drill_allows(limit_s: float | None, waits_s: float) -> None:
    """An objective that was given up on before its limit would be a miss that nobody measured."""
    name = "redundancy back within"
    limits = [ObjectiveSpec(name, name, limit_s, "as written")] if limit_s else []
    assert redundancy_patience_s(replace(sample_run.drill(), objectives=limits)) == waits_s
