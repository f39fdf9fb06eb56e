"""The page that says what the stage stands in for is what the services say of themselves."""

from pathlib import Path

import pytest

from azsim.emulated import SERVICES, Service, page, services

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "rehearsal-stage.md"


def test_the_page_is_fresh() -> None:
    """Made again from the code it is the same, letter by letter."""
    assert PAGE.read_text() == page(), "run: python -m azsim emulated > docs/reference/rehearsal-stage.md"


@pytest.mark.parametrize("service", services(), ids=lambda service: service.title)
def test_each_service_says_what_it_does_and_what_it_does_not(service: Service) -> None:
    """Nothing is complete, and whoever says so has not looked."""
    assert service.emulated
    assert service.missing


def test_every_service_of_the_stage_is_on_the_page() -> None:
    """A folder with ARM routes is a service, and Resource Manager is there by itself."""
    folders = {path.parent.name for path in Path(PAGE.parents[2] / "src" / "azsim").glob("*/service.py")}
    assert {*folders, "arm"} == set(SERVICES)
