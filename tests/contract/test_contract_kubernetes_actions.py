"""The leader killed and stopped, deployments rolled over: our actions on a running stage, looked at with the official client."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import psutil
import pytest
from contract.kubernetes_drilled import Call, drilled
from contract.running_stage import RunningStage
from kubernetes import client, config

pytestmark = pytest.mark.e2e

WEU, NEU = "westeurope", "northeurope"
ACTIONS = "firedrill.actions.kubernetes"
OF_LEASE, ON_PAGE = "firedrill.probes.leader.of_lease", "firedrill.probes.leader.on_page"
PODS = {"contexts": [WEU, NEU], "namespace": "default", "selector": "app=bank"}
ASKED = {"context": WEU, "namespace": "default", "lease": "lead"}
DONE = ["fault.command", "fault.accepted", "fault.done"]
UNDONE = ["undo.command", "undo.accepted", "undo.done"]


def api(stage: RunningStage, group: Any, context: str = WEU) -> Any:
    return group(config.new_client_from_config(stage.status()["kubeconfig"], context=context))


def lead(stage: RunningStage, holder: str, *, since_s: float = 0.0) -> None:
    """Hold the lease `lead` for an hour from so long ago, as client-go would."""
    coordination, moment = api(stage, client.CoordinationV1Api), datetime.now(UTC) - timedelta(seconds=since_s)
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 3600, "renewTime": moment.isoformat()}
    body = {"metadata": {"name": "lead"}, "spec": spec}
    if "lead" in {each.metadata.name for each in coordination.list_namespaced_lease("default").items}:
        coordination.patch_namespaced_lease("lead", "default", body)
    else:
        coordination.create_namespaced_lease("default", body)


def pods_of(stage: RunningStage, region: str) -> list[str]:
    return [name for name, pod in stage.pods().items() if pod["region"] == region and pod["ready"]]


def to_leader(name: str, **more: Any) -> Call:
    return ACTIONS, name, {**PODS, "leader": OF_LEASE, "asked": ASKED, **more}


@pytest.fixture(autouse=True)
def in_order(stage: RunningStage) -> Iterator[None]:
    yield
    stage.until_ready()


@pytest.fixture
def page() -> Iterator[Any]:
    """A page that says what it is told to say."""

    class Page(BaseHTTPRequestHandler):
        said: Any = None

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(Page.said).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Not worth a line."""

    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def tell(said: Any) -> str:
        Page.said = said
        return f"http://127.0.0.1:{server.server_port}/"

    yield tell
    server.shutdown()
    server.server_close()


def test_the_leader_is_killed_in_whichever_region_it_is(stage: RunningStage) -> None:
    """The pod that holds the lease and no other; its deployment puts another one in its place."""
    before, leader = stage.pods(), pods_of(stage, NEU)[0]
    lead(stage, f"{leader}_3f2a")
    (done,) = drilled(stage, to_leader("kill_leader"))
    assert done == {"answer": leader, "notes": DONE}
    assert not psutil.pid_exists(before[leader]["pid"])
    stage.until_ready()
    assert before.keys() - stage.pods().keys() == {leader}


def test_a_page_says_who_leads_as_well(stage: RunningStage, page: Any) -> None:
    """The entries that say all that is asked, and the first word of who holds them."""
    leader, other = pods_of(stage, WEU)
    entries = [
        {"name": "a", "holder": f"{other} 1", "held": False},
        {"name": "a", "holder": f"{leader} 2", "held": True},
    ]
    asked = {"url": page({"as_of": "now", "leaders": entries}), "which": {"name": "a", "held": True}}
    (done,) = drilled(stage, to_leader("kill_leader", leader=ON_PAGE, asked=asked, grace_s=1))
    assert done == {"answer": leader, "notes": DONE}


def test_no_leader_no_kill(stage: RunningStage, page: Any) -> None:
    """Nobody who leads, two of them, one who is none of these pods, and questions that cannot be asked: each in words, and no pod is hit."""
    before, (one, two) = stage.pods(), pods_of(stage, WEU)
    lead(stage, "somebody-else_1")
    url = page([{"holder": one}, {"holder": two}])
    both, nobody = {"url": url, "which": {}}, {"url": url, "which": {"held": True}}
    wrong: dict[str, dict[str, Any]] = {
        "and no pod of that name match 'app=bank' in default of westeurope, northeurope": {},
        f"more than one leads: {', '.join(sorted((one, two)))}": {"leader": ON_PAGE, "asked": both},
        "nobody leads": {"leader": ON_PAGE, "asked": nobody},
        "who leads cannot be asked": {"asked": {**ASKED, "lease": "none"}},
        "'probes.mine.who' is no function": {"leader": "probes.mine.who"},
        "the selector is empty": {"selector": " "},
        "grace_s is -1": {"grace_s": -1},
    }
    said = drilled(stage, *(to_leader("kill_leader", **more) for more in wrong.values()))
    assert [each["notes"] for each in said] == [[]] * len(wrong)
    for words, each in zip(wrong, said, strict=True):
        assert words in each["refused"]
        assert "nothing was touched" in each["refused"]
    (refused,) = drilled(stage, to_leader("kill_leader"), FIREDRILL_ALLOW=f"kubernetes/{WEU}")
    assert "kubernetes/northeurope is not in the target's allow-list" in refused["refused"]
    assert {name: pod["pid"] for name, pod in stage.pods().items()} == {n: pod["pid"] for n, pod in before.items()}


def test_a_lease_that_ran_out_is_nobodys(stage: RunningStage) -> None:
    """What was not renewed in time counts no more."""
    lead(stage, pods_of(stage, WEU)[0], since_s=3601)
    (refused,) = drilled(stage, to_leader("kill_leader"))
    assert "nobody leads" in refused["refused"]


def test_the_leader_stops_and_goes_on(stage: RunningStage) -> None:
    """The process stands still, and the stage says so; a second fault is refused; it goes on, and a second time nothing is needed."""
    leader = pods_of(stage, NEU)[0]
    lead(stage, f"{leader}_3f2a")
    (done,) = drilled(stage, to_leader("pause_leader"))
    process = psutil.Process(stage.pods()[leader]["pid"])
    assert (done, process.status()) == ({"answer": leader, "notes": DONE}, psutil.STATUS_STOPPED)
    assert stage.status()["faults"]["kubernetes"][NEU] == {"paused": [leader]}
    undo = (ACTIONS, "resume", {"contexts": [WEU, NEU]})
    refused, undone, again = drilled(stage, to_leader("pause_leader"), undo, undo)
    assert f"kubernetes {NEU} is at fault already: paused {leader}" in refused["refused"]
    assert (undone["answer"], undone["notes"]) == ([leader], ["undo.not-needed", *UNDONE])
    assert (again["answer"], again["notes"]) == ([], ["undo.not-needed"] * 2)
    assert process.status() != psutil.STATUS_STOPPED


def test_a_subscription_has_no_such_fault(stage: RunningStage) -> None:
    """Where there is no stage the guard says what to drill instead, before it asks who leads."""
    (refused,) = drilled(stage, to_leader("pause_leader", leader="never.asked"), FIREDRILL_STAGE="")
    assert "nobody can ask Azure for; instead: firedrill.actions.kubernetes.kill_leader" in refused["refused"]
    assert "nothing was touched" in refused["refused"]


def test_a_deployment_is_rolled_over_as_kubectl_does_it(stage: RunningStage) -> None:
    """Every pod of that region is new when it returns, and of the other region none; the template has kubectl's annotation."""
    before = stage.pods()
    (done,) = drilled(
        stage, (ACTIONS, "restart_rollout", {"context": WEU, "namespace": "default", "deployment": "bank"})
    )
    assert done["notes"] == DONE
    found = api(stage, client.AppsV1Api).read_namespaced_deployment("bank", "default")
    assert found.spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"] == done["answer"]
    assert (found.status.updated_replicas, found.status.available_replicas, found.status.replicas) == (2, 2, 2)
    stage.until_ready()
    kept = before.keys() & stage.pods().keys()
    assert {before[name]["region"] for name in kept} == {NEU}
    assert len(kept) == 2


def test_a_rollout_that_does_not_end_in_time_is_a_failure(stage: RunningStage) -> None:
    """What was asked for goes on; the drill knows that it did not see the end."""
    arguments = {"context": WEU, "namespace": "default", "deployment": "bank", "within": "1ms"}
    (failed,) = drilled(stage, (ACTIONS, "restart_rollout", arguments))
    assert "not every pod of bank is new and available" in failed["refused"]
    assert failed["notes"] == ["fault.command", "fault.accepted", "fault.failed"]


def test_what_would_not_roll_is_refused(stage: RunningStage) -> None:
    """A deployment that is not there, one that is held back, a limit without a unit."""
    apps = api(stage, client.AppsV1Api)
    arguments = {"context": WEU, "namespace": "default", "deployment": "bank"}
    apps.patch_namespaced_deployment("bank", "default", {"spec": {"paused": True}})
    calls = [{**arguments, "deployment": "bnk"}, arguments, {**arguments, "within": "2"}]
    said = drilled(stage, *((ACTIONS, "restart_rollout", each) for each in calls))
    apps.patch_namespaced_deployment("bank", "default", {"spec": {"paused": False}})
    assert [each["notes"] for each in said] == [[]] * 3
    assert "there is no deployment 'bnk' in default of westeurope" in said[0]["refused"]
    assert "would not roll: its rollout is paused" in said[1]["refused"]
    assert "'2' is not a duration" in said[2]["refused"]
