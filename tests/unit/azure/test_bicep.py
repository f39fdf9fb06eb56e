"""What is in infra/bicep fits together, as far as can be told without Azure: the role is fresh, modules get what they ask for."""

import re
from pathlib import Path

import pytest

from firedrill.azure.rights import ACTIVITIES, LOOKING, grants
from firedrill.azure.role import role_text

BICEP = Path(__file__).parents[3] / "infra" / "bicep"
MAIN = (BICEP / "main.bicep").read_text()
MODULES = re.findall(r"^module (\w+) '([^']+)' = .*?\n(.*?)^}", MAIN, re.MULTILINE | re.DOTALL)


def test_the_role_is_fresh() -> None:
    """`python -m firedrill.azure.role > infra/bicep/role.bicep` makes it anew."""
    assert (BICEP / "role.bicep").read_text() == role_text()


def test_the_role_grants_everything_that_is_asked_for_and_no_wildcard() -> None:
    """Least: each operation by its name."""
    held = re.findall(r"^ +'(Microsoft\.[^']+)'$", role_text(), re.MULTILINE)
    role = [{"actions": held, "dataActions": held}]
    assert all(grants(role, right) for right in LOOKING)
    assert all(grants(role, right) for several in ACTIVITIES.values() for right in several)
    assert not any("*" in operation for operation in held)


@pytest.mark.parametrize(("name", "file", "body"), MODULES, ids=[name for name, _, _ in MODULES])
def test_a_module_gets_exactly_what_it_asks_for(name: str, file: str, body: str) -> None:
    """No parameter without a value, no value without a parameter; outputs that are read are there."""
    declared = re.findall(r"^param (\w+) \w+(?:\[\])?( =)?", (BICEP / file).read_text(), re.MULTILINE)
    block = body.partition("params: {")[2]
    given = set(re.findall(r"(?:^|\{|, )\s*(\w+): ", nested_blanked(block), re.MULTILINE))
    assert given <= {each for each, _ in declared}
    assert {each for each, default in declared if not default} <= given


def nested_blanked(block: str) -> str:
    """The parameters without what stands in lists, and without what comes after them."""
    return re.sub(r"\[[^\]]*\]", "[]", "{" + block).split("\n  }")[0]


@pytest.mark.parametrize(("module", "output"), sorted(set(re.findall(r"(\w+)\.outputs\.(\w+)", MAIN))))
def test_every_output_that_is_read_is_there(module: str, output: str) -> None:
    """By the module that is asked."""
    file = next(file for name, file, _ in MODULES if name == module)
    assert re.search(rf"^output {output} ", (BICEP / file).read_text(), re.MULTILINE)
