"""The example of a system that is not the bank: the page that explains it shows the files as they are, and they are valid."""

import re
from pathlib import Path

import pytest

from firedrill.content.drills import load_drill
from firedrill.content.experiments import load_experiment
from firedrill.content.targets import load_target

ROOT = Path(__file__).parents[3]
SHOP = ROOT / "examples" / "shop"
PAGE = (ROOT / "docs" / "your-own-system.md").read_text()
SHOWN = re.findall(r"^## \d\. .*?`([a-z]+/[\w.-]+)`\n.*?^```\w+\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("name", "block"), SHOWN, ids=[name for name, _ in SHOWN])
def test_the_page_shows_the_file_as_it_is(name: str, block: str) -> None:
    """Whoever types it from the page gets what is tested here; the files may say more in comments."""
    lines = [
        re.sub(r"\s+# .*", "", line) for line in (SHOP / name).read_text().splitlines() if not line.startswith("# ")
    ]
    text = "\n".join(lines).split('"""What we ask the shop while it is drilled."""\n\n')[-1]
    assert text.strip() == block.strip()


def test_every_file_of_the_example_is_shown_and_valid() -> None:
    """Target, probe, experiment and drill."""
    assert len(SHOWN) == 4
    assert load_drill("copy-dies", SHOP).experiment == "kill-one"
    assert load_experiment("kill-one", SHOP)["rollbacks"] == []
    assert load_target("shop", SHOP).stage is not None
