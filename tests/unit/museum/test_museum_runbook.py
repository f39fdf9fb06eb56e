"""The last step of a drill with a loss: what it takes for acknowledged, when it has nothing to do, and how it counts."""

import json
from pathlib import Path

import pytest
from chaoslib.exceptions import ActivityFailed
from contract.drilled import noting

from probes.gasbank import runbook

HERE = {"SQL_READ_WRITE": "postgresql://x@127.0.0.1:1/x", "BLOB_1": "x", "BLOB_2": "y"}


def ledger(folder: Path, text: str) -> None:
    (folder / "ledger-load.jsonl").write_text(text)
    (folder / "ledger-watch.jsonl").write_text('{"id":"b","answer":"acknowledged"}\n')


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in HERE.items():
        monkeypatch.setenv(name, value)


def test_both_ledgers_are_read_and_a_line_that_is_being_written_is_left(tmp_path: Path) -> None:
    """The load goes on while the runbook is followed."""
    ledger(tmp_path, '{"id":"a","answer":"acknowledged"}\n{"id":"c","answ')
    said = [json.loads(line)["id"] for line in runbook.lines_of(str(tmp_path)).splitlines()]
    assert said == ["a", "b"]
    assert runbook.lines_of("") == b""


@pytest.mark.usefixtures("there")
def test_without_a_ledger_there_is_nothing_to_reconcile(tmp_path: Path) -> None:
    """As under plain `chaos run`."""
    with noting() as heard:
        assert runbook.reconcile("") == runbook.reconcile(str(tmp_path)) == {}
    assert [data["why"] for data in heard.of("undo.not-needed")] == ["no ledger of acknowledged writes"] * 2


def test_without_the_addresses_it_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a subscription the bank's connections are the bank's."""
    for name in HERE:
        monkeypatch.delenv(name, raising=False)
    ledger(tmp_path, "")
    with noting() as heard:
        assert runbook.reconcile(str(tmp_path)) == {}
    assert heard.of("undo.not-needed")[0]["why"] == "SQL_READ_WRITE, BLOB_1, BLOB_2 not set here"


@pytest.mark.usefixtures("there")
def test_what_cannot_conclude_is_not_taken_for_reconciled(tmp_path: Path) -> None:
    """The command is real, and no archive answers at these addresses: its own words, and the put-back has failed."""
    ledger(tmp_path, "")
    with noting() as heard, pytest.raises(ActivityFailed, match="BLOB_1"):
        runbook.reconcile(str(tmp_path))
    assert heard.kinds == ["undo.command", "undo.accepted", "undo.failed"]


def test_what_can_still_be_done_is_left_and_what_is_lost_is_not() -> None:
    """A loss that nothing proves is a finding, not work."""
    found = {"kept": 5, "recoverable": ["a"], "lost": ["b"], "ghosts": ["g", "h"], "orphans": [], "unproved": []}
    left = {"kept": 6, "recoverable": [], "lost": ["b"], "ghosts": ["h"], "orphans": [], "unproved": []}
    assert runbook.counts({"findings": found, "repaired": ["a", "g"], "left": left}) == {
        "kept": 5,
        "recoverable": 1,
        "lost": 1,
        "ghosts": 2,
        "orphans": 0,
        "repaired": 2,
        "left": 1,
    }
