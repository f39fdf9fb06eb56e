"""A sealed run notices every changed byte; an unsealed one is still read as far as it goes."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firedrill.clock import Clock
from firedrill.store.events import EventLog, read_events
from firedrill.store.seal import changed, seal
from firedrill.store.tables import LEDGER, SAMPLES, encode_line, rows

SAMPLE = {"watch": "transfer", "connection": "new", "seq": 1, "due": 0.1, "sent": 0.1, "done": 0.2}
SAMPLE |= {"outcome": "ok", "code": "", "value": "", "burst": False}


def record(folder: Path) -> EventLog:
    log = EventLog(folder / "events.jsonl", Clock.start(), "test")
    log.record("phase", name="warm-up")
    log.record("phase", name="<script>")
    return log


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    (folder / "samples.jsonl").write_bytes(encode_line(SAMPLE))
    (folder / "drill.yaml").write_text("drill: x\n")
    log = record(folder)
    seal(folder, log)
    log.close()
    return folder


def test_an_untouched_run_is_whole(sealed: Path) -> None:
    """Nothing was changed, so nothing is reported."""
    assert changed(sealed) == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_noticed(sealed: Path, data: st.DataObject) -> None:
    """One byte, in any raw file, at any place, to any other value: noticed, and the file is named."""
    path = data.draw(st.sampled_from(sorted(sealed.iterdir())))
    before = path.read_bytes()
    place = data.draw(st.integers(0, len(before) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != before[place]))
    path.write_bytes(before[:place] + bytes([other]) + before[place + 1 :])
    try:
        assert any(path.name in problem for problem in changed(sealed))
    finally:
        path.write_bytes(before)


def test_removed_lines_and_files_are_noticed(sealed: Path) -> None:
    """A log cut short, a file taken away and a file added each break the seal."""
    events = (sealed / "events.jsonl").read_bytes()
    (sealed / "events.jsonl").write_bytes(b"\n".join(events.split(b"\n")[:-2]) + b"\n")
    assert "not sealed" in changed(sealed)[0]
    (sealed / "events.jsonl").write_bytes(events)
    (sealed / "more.txt").write_text("x")
    assert changed(sealed) == ["more.txt: was not there when the run was sealed"]
    (sealed / "more.txt").unlink()


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    """The machine went down in the middle of a write: every whole line before it is read."""
    record(tmp_path).close()
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"seq":2,"at":')
    assert [event.seq for event in read_events(tmp_path / "events.jsonl")] == [0, 1]
    (tmp_path / "samples.jsonl").write_bytes(encode_line(SAMPLE) + b'{"watch":"tr')
    assert [sample.watch for sample in rows(tmp_path, SAMPLES)] == ["transfer"]


def test_a_log_goes_on_where_a_dead_run_ended(tmp_path: Path) -> None:
    """`recover` appends to the events of the run that died, and the chain holds across both."""
    record(tmp_path).close()
    again = EventLog(tmp_path / "events.jsonl", Clock.start(), "recover")
    seal(tmp_path, again)
    assert changed(tmp_path) == []
    assert [event.by for event in read_events(tmp_path / "events.jsonl")] == ["test", "test", "recover"]


def test_attempts_and_answers_of_both_writers_become_one_ledger(tmp_path: Path) -> None:
    """A write without an answer is unknown; the others carry what they were told."""
    attempt = {"kind": "transfer", "detail": "<b>", "source": "watch", "attempted": 1.0}
    lines = [{"id": "a", **attempt}, {"id": "b", **attempt}, {"id": "a", "answered": 1.5, "answer": "acknowledged"}]
    (tmp_path / "ledger-watch.jsonl").write_bytes(b"".join(map(encode_line, lines)))
    (tmp_path / "ledger-load.jsonl").write_bytes(encode_line({"id": "c", **attempt, "attempted": 0.5}))
    assert [(one.id, one.answered, one.answer) for one in rows(tmp_path, LEDGER)] == [
        ("c", None, "unknown"),
        ("a", 1.5, "acknowledged"),
        ("b", None, "unknown"),
    ]


def test_what_was_acknowledged_once_stays_so(tmp_path: Path) -> None:
    """The same write asked again, and not answered the second time, was made all the same."""
    attempt = {"id": "a", "kind": "transfer", "detail": "", "source": "load", "attempted": 1.0}
    answers = [{"id": "a", "answered": at, "answer": said} for at, said in ((1.5, "acknowledged"), (9.5, "unknown"))]
    (tmp_path / "ledger-load.jsonl").write_bytes(b"".join(map(encode_line, [attempt, *answers])))
    assert [one.answer for one in rows(tmp_path, LEDGER)] == ["acknowledged"]
