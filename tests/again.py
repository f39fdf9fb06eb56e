"""pytest, whose few failures are run once more, alone: a machine that is busy breaks bounds of time, and nothing else.

    python tests/again.py PYTEST-ARGUMENTS

What is wrong fails again. Nothing else is forgiven: an error while collecting, a worker that died, a run without tests,
or more failures than a busy machine explains end it as they are. The exit code is pytest's.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

MOST = 10


class Heard:
    """The ids of the tests that failed, each once; `lost` when there may be more to it than failed tests."""

    def __init__(self) -> None:
        self.failed: dict[str, None] = {}
        self.lost = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed[report.nodeid] = None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.lost |= report.failed

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: Any) -> None:
        """Of xdist: a worker has ended, with an error when it crashed."""
        self.lost |= error is not None


def main(arguments: list[str]) -> int:
    heard = Heard()
    code = int(pytest.main(arguments, plugins=[heard]))
    if code != pytest.ExitCode.TESTS_FAILED or heard.lost or not 0 < len(heard.failed) <= MOST:
        return code
    shout(f"FAILED BESIDE OTHERS, NOW ONCE MORE ALONE ({len(heard.failed)})", heard)
    if not alone(list(heard.failed)):
        return code
    shout(f"PASSED ALONE, FAILED BESIDE OTHERS ({len(heard.failed)}): a bound of time, on this machine?", heard)
    return 0


def alone(tests: list[str]) -> bool:
    """Whether each of them passed; one that is skipped now has not."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        argv = [sys.executable, "-m", "pytest", f"--junitxml={report}", *tests]
        if subprocess.run(argv, check=False).returncode != 0:
            return False
        [suite] = ElementTree.parse(report).getroot()  # noqa: S314 - pytest has just written it
        return int(suite.attrib["tests"]) - int(suite.attrib["skipped"]) == len(tests)


def shout(what: str, heard: Heard) -> None:
    print("\n".join(["", f"!!! {what}", *(f"!!!   {test}" for test in heard.failed)]), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
