"""The query language of Resource Graph: what is understood does what it says, everything else is refused."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.compute.graph import understood
from azsim.compute.kql import NotUnderstood, parse
from azsim.errors import ArmError

VM = "Microsoft.Compute/virtualMachines"
ROWS: list[dict[str, Any]] = [
    {
        "name": name,
        "type": VM.lower(),
        "zones": [zone],
        "tags": {"aks-pool": "system"},
        "properties": {"vmId": name[-1], "n": 3},
    }
    for name, zone in (("Weu0", "1"), ("weu1", "2"), ("neu0", "1"))
]


def found(query: str) -> list[str]:
    return [row["name"] for row in parse(query, Random(1)).run(ROWS)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (f"Resources | where type=~'{VM}'", ["Weu0", "weu1", "neu0"]),
        (f"Resources | where type=='{VM}'", []),
        ("resources|where name=='weu0'", []),
        ('Resources | where name =~ "weu0"', ["Weu0"]),
        ("Resources | where name != 'weu1' and name !~ 'WEU0'", ["neu0"]),
        ("Resources | where name startswith 'WEU' | where zones[0] == '2'", ["weu1"]),
        ("Resources | where name endswith '0' and (name contains 'EU' or name == 'x') | limit 1", ["Weu0"]),
        ("Resources | where name in ('weu1', 'neu0')", ["weu1", "neu0"]),
        ("Resources | where name in~ ('weu0')", ["Weu0"]),
        ("Resources | where not(name == 'weu1') and properties.vmId == 0", ["Weu0", "neu0"]),
        ("Resources | where tags['aks-pool'] == 'system' | where properties.n == 3 | take 2", ["Weu0", "weu1"]),
        ("Resources | where name == 'neu0' or name == 'weu1' and zones[0] == '1'", ["neu0"]),
        ("Resources | where properties.nothing.there == 'x' or zones[9] == 'x'", []),
        ("Resources | where name == 'it\\'s'", []),
        ("Resources", ["Weu0", "weu1", "neu0"]),
    ],
)
def test_a_query_finds_what_it_says(query: str, names: list[str]) -> None:
    """Operators as Kusto has them: == minds case, =~ does not; `and` binds closer than `or`."""
    assert found(query) == names


def test_a_sample_is_of_the_asked_size_and_varies_with_the_seed() -> None:
    """Never more than there are, no row twice."""
    draws = {tuple(row["name"] for row in parse("Resources | sample 2", Random(seed)).run(ROWS)) for seed in range(30)}
    assert {len(set(draw)) for draw in draws} == {2}
    assert len(draws) > 1
    assert len(found("Resources | sample 9")) == 3


def test_a_projection_keeps_the_named_columns() -> None:
    """In the order of the query."""
    assert parse("Resources | where name == 'neu0' | project zones, name", Random(1)).run(ROWS) == [
        {"zones": ["1"], "name": "neu0"}
    ]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "Machines | where name == 'x'",
        "Resources where name == 'x'",
        "Resources | where name = 'x'",
        "Resources | where name == x",
        "Resources | where name == 'x",
        "Resources | where name",
        "Resources | where (name == 'x'",
        "Resources | where name == 'x')",
        "Resources | where name matches regex 'x'",
        "Resources | where tolower(name) == 'x'",
        "Resources | where not name == 'x'",
        "Resources | where name == 'x' |",
        "Resources | where name in 'x'",
        "Resources | sample two",
        "Resources | sample -1",
        "Resources | summarize count()",
        "Resources | project",
        "Resources | where name == 'x'; drop",
    ],
)
def test_what_is_not_understood_is_refused(query: str) -> None:
    """Never guessed at; ARM's answer shows the query and what is accepted."""
    with pytest.raises(NotUnderstood):
        parse(query, Random(1))
    with pytest.raises(ArmError, match=r"Accepted: where") as caught:
        understood(query, Random(1))
    assert (caught.value.status, caught.value.code) == (400, "InvalidQuery")


@given(st.text(alphabet="Resources |where()name=~'\"and or not in,10[]. sample", max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_is_asked_is_answered_or_refused(tail: str) -> None:
    """No other error gets out, and nothing is found that is not there."""
    try:
        query = parse(f"Resources {tail}", Random(1))
    except NotUnderstood:
        return
    assert len(query.run(ROWS)) <= len(ROWS)


def test_a_type_that_is_not_held_is_refused() -> None:
    """An empty answer would read as "there is none"."""
    with pytest.raises(ArmError, match=r"does not hold Microsoft\.Sql/servers") as caught:
        understood("Resources | where type =~ 'Microsoft.Sql/servers'", Random(1))
    assert caught.value.status == 501
