"""A file that grows is read line by line: none twice, none torn, none left out."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from firedrill.load.tail import Tail

content = some.lists(some.binary(max_size=6).map(lambda raw: raw.replace(b"\n", b"")), max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content, some.lists(some.integers(0, 60), max_size=5))
def test_lines_come_whole_and_once_wherever_the_writer_was(tmp_path: Path, lines: list[bytes], cuts: list[int]) -> None:
    """The file is cut at any bytes, as a writer that is interrupted leaves it."""
    path = tmp_path / "growing"
    path.write_bytes(b"")
    tail, whole, read = Tail(path), b"".join(line + b"\n" for line in lines), list[bytes]()
    for cut in (*sorted(cuts), len(whole)):
        path.write_bytes(whole[:cut])
        read += tail.lines()
    assert read == lines


def test_a_file_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    """Not yet, or no longer: a raw log is gone when it has become Parquet."""
    tail = Tail(tmp_path / "log")
    assert tail.lines() == []
    tail.path.write_bytes(b"one\n")
    assert tail.lines() == [b"one"]
    tail.path.unlink()
    assert tail.lines() == []
