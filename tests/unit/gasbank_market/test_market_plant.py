"""What the plant does with any sequence of instructions, copies among them."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gasbank.plant.rules import Instruction, Store

MOST = 100
ASKED = st.tuples(
    st.sampled_from(["alice", "bob"]), st.sampled_from(["inject", "withdraw"]), st.integers(1, 60), st.integers(0, 2)
)


def arrivals(asked: list[tuple[str, str, int, int]], rng: Random) -> list[Instruction]:
    """Each instruction and its copies, in any order."""
    copies = [(n, each) for n, each in enumerate(asked) for _ in range(each[3] + 1)]
    rng.shuffle(copies)
    return [
        Instruction(position, f"k-{n}", account, direction, kwh, "h")  # type: ignore[arg-type]
        for position, (n, (account, direction, kwh, _)) in enumerate(copies)
    ]


@given(st.lists(ASKED, max_size=20), st.randoms(use_true_random=False))
def test_the_plant_keeps_its_limits_and_counts_once(asked: list[tuple[str, str, int, int]], rng: Random) -> None:
    """Never below empty, never above full; the meter is what the accounts have and what flowed; a copy moves nothing and gets
    the first one's answer.
    """
    store = Store(MOST, Counter(), 0)
    flowed, answers = 0, {}
    for each in arrivals(asked, rng):
        result = store.carry_out(each)
        flowed += result.flow
        assert 0 <= store.meter_kwh <= MOST
        assert min(store.inventory.values()) >= 0
        assert store.meter_kwh == sum(store.inventory.values()) == flowed
        assert answers.setdefault(each.business_key, result.outcome) == result.outcome
        assert (result.repeats is not None) <= (result.flow == 0)


def test_a_copy_moves_gas_again_with_the_mistake() -> None:
    """`plant-twice`: the same instruction three times is three flows."""
    asked = [Instruction(n, "k", "alice", "inject", 10, "h") for n in range(3)]
    right, wrong = Store(MOST, Counter(), 0), Store(MOST, Counter(), 0)
    assert [right.carry_out(each).flow for each in asked] == [10, 0, 0]
    assert [wrong.carry_out(each, once=False).flow for each in asked] == [10, 10, 10]


def test_the_last_kwh_fits_and_one_more_does_not() -> None:
    """A refusal says how much there is and moves nothing."""
    store = Store(MOST, Counter(alice=90), 90)
    refused = store.carry_out(Instruction(1, "a", "alice", "inject", 11, "h"))
    assert (refused.outcome, refused.flow, store.meter_kwh) == ("refused", 0, 90)
    assert "holds 90 kWh of 100 kWh" in refused.reason
    assert store.carry_out(Instruction(2, "b", "alice", "inject", 10, "h")).outcome == "done"
    assert "alice has 100 kWh in store" in store.carry_out(Instruction(3, "c", "alice", "withdraw", 101, "h")).reason
    assert store.carry_out(Instruction(4, "d", "alice", "withdraw", 100, "h")).flow == -100
