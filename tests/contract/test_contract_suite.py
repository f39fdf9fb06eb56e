"""A whole suite against a control plane that lets no drill begin: what is left behind, and when it gives up.

The server and the identity service are the stage's own; the one resource is a failover group that never catches up, or
that is not there at all.
"""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.arm_stand import ArmStand, arm_stand
from unit.content.sample_project import make_project

from azsim.arm.requests import Answer, ArmRequest, Routes
from azsim.ground import Ground
from azsim.sql.models import GroupView, ServerView, SqlModels
from azsim.sql.routes import SERVER
from firedrill.clock import utc_now
from firedrill.content.plans import Order
from firedrill.content.suites import SuitePlan, plan_suite
from firedrill.engine.view import PlainView
from firedrill.safety.undo import Undo, UndoJournal
from firedrill.suite import Book, SuiteEnded, failed, run_suite

EXPERIMENT = Path(__file__).parents[2] / "experiments" / "sql-planned-failover.yaml"
SUITE = """\
suite: Three
because: None of them can begin.
drills: [lights-out, lights-out, lights-out]
between: {redundancy within: 100ms}
"""


class Seeding:
    """A failover group whose secondary is not there yet."""

    def __init__(self, ground: Ground) -> None:
        servers = (
            ServerView("one", "West Europe", "Primary", "SEEDING"),
            ServerView("two", "North Europe", "Secondary", "SEEDING"),
        )
        self.view = GroupView("group", "bank", servers)
        self.models = SqlModels(ground.world.group_id, utc_now())

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", f"{SERVER}/failoverGroups/{{fog}}", self.get_group)

    def get_group(self, request: ArmRequest) -> Answer:
        return Answer(200, self.models.failover_group(self.view, self.view.servers[0]))

    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@pytest.fixture(params=[True, False], ids=["seeding", "not there"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ArmStand]:
    with arm_stand(tmp_path, *([Seeding] if request.param else [])) as started:
        yield started


@pytest.fixture
def planned(stand: ArmStand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuitePlan:
    project = make_project(tmp_path / "project")
    shutil.copy(EXPERIMENT, project / "experiments" / "lights-out.yaml")
    (project / "drills" / "suites").mkdir()
    (project / "drills" / "suites" / "three.yaml").write_text(SUITE)
    (project / "targets" / "away.yaml").write_text(
        f"target: away\nrehearsal: true\nazure: {{subscription: {stand.world.subscription}, resource_group: gasbank, arm: '{stand.arm}',"
        f" authority: '{stand.directory.authority}/adfs', tenant: {stand.directory.tenant}}}\n"
        "sql: {failover_group: group, primary: one, secondary: two}\nsystem: {url: 'http://127.0.0.1:9'}\n"
    )
    monkeypatch.chdir(project)
    for name, value in {
        "FIREDRILL_HOME": str(tmp_path / "home"),
        "AZURE_CLIENT_ID": stand.directory.drill.client_id,
        "AZURE_CLIENT_SECRET": stand.directory.drill.secret,
        "REQUESTS_CA_BUNDLE": stand.ca,
    }.items():
        monkeypatch.setenv(name, value)
    return plan_suite(Order("three", "away", tmp_path / "reports"))


@pytest.fixture
def ended(planned: SuitePlan) -> SuiteEnded:
    before = dict(os.environ)
    ended = run_suite(planned, PlainView())
    assert dict(os.environ) == before
    return ended


def test_a_suite_whose_drills_cannot_begin_says_so_everywhere(
    ended: SuiteEnded, request: pytest.FixtureRequest
) -> None:
    """Exit 4. Without rights or resource every drill is tried; without redundancy, only until the limit of the suite."""
    seeding = "seeding" in request.node.name
    endings = [one.ending for one in ended.record.drills]
    assert endings == ["could not run", "could not run", "not run" if seeding else "could not run"]
    assert ended.record.exit_code == 4
    reason = ended.record.drills[1].why
    assert (
        "redundancy did not come back within 0.10 s: one is Primary and replication is SEEDING" in reason
    ) is seeding
    assert sorted(path.name for path in ended.folder.iterdir()) == [
        "index.html",
        "junit.xml",
        "suite.json",
        "summary.md",
    ]
    assert (ended.folder.parent / "latest").resolve() == ended.folder.resolve()
    said = json.loads((ended.folder / "suite.json").read_bytes())
    assert (said["exit_code"], [one["ending"] for one in said["drills"]]) == (4, endings)
    assert ("redundancy did not come back" in said["stopped"]) is seeding


def test_a_bug_in_one_drill_is_told_as_that_drills(planned: SuitePlan) -> None:
    """Something that nobody foresaw: the drill could not run, the next is tried, and code, record and page say the same."""
    (order, plan), *others = planned.steps
    broken = planned._replace(steps=((order, plan._replace(experiment={})), *others))
    ended = run_suite(broken, PlainView())
    first, second, _ = ended.record.drills
    said = "firedrill itself failed: KeyError: 'method'; next: read crashes.txt"
    assert (first.ending, first.why, second.ending) == ("could not run", said, "could not run")
    assert second.why != said
    assert json.loads((ended.folder / "suite.json").read_bytes())["exit_code"] == ended.record.exit_code == 4
    assert "KeyError: 'method'" in (ended.folder / "crashes.txt").read_text()


def test_what_a_bug_left_open_is_not_put_back(planned: SuitePlan, tmp_path: Path) -> None:
    """The undo of a fault is on disk and nobody closed it: code 5, whatever it was that ended the drill."""
    book = Book(planned)
    assert failed(book.record.drills[0], ValueError("odd"), book).ending == "could not run"
    run = tmp_path / "run"
    run.mkdir()
    UndoJournal(run, "away", tmp_path / "home").open([Undo("switch it on", "faults.light", "turn_on", {}, {})])
    assert failed(book.record.drills[0], ValueError("odd"), book).ending == "put-back incomplete"
