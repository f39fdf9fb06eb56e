"""Services in two regions behind the entry: who gets a request, and what takes a pod or a region away. Real sockets."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from azsim import net
from azsim.frontdoor.door import Door
from tests.unit.azsim.entry_stand import OK, get, post, problem, talk
from tests.unit.azsim.pods_stand import NORTH, ROUTES, WEST, Pod, names, opened, origin, placed, until


@pytest.mark.parametrize(
    ("request_", "service"),
    [
        (get(b"/accounts/1?as=of"), "reads"),
        (get(b"http://bank.example/accounts/1"), "reads"),
        (post(), "commands"),
        (post().replace(b"POST / ", b"POST /archive/x "), "archive"),
        (get(b"/archive/x"), "archive"),
        (get(b"/archive"), "reads"),
    ],
)
def test_the_longest_path_and_then_the_method_decide(request_: bytes, service: str) -> None:
    """A path counts for more than a method; a target in absolute form is read, too."""

    async def scene() -> bytes:
        async with opened() as (door, port, _):
            for each in ("reads", "commands", "archive"):
                await placed(door, each, westeurope=1)
            return (await talk(port, request_)).rpartition(b"\r\n\r\n")[2]

    assert asyncio.run(scene()).decode() == f"{service}-we-0"


def test_what_no_route_takes_is_not_found() -> None:
    """404 in our own name; nothing was done. A target that is no address is met the same way."""

    async def scene() -> list[Any]:
        async with opened() as (_, port, _told):
            wild = [b"http://[", b"*"]
            return [problem(await talk(port, get(target))) for target in wild]

    assert asyncio.run(scene()) == [(404, "no-route", "not-done")] * 2


def test_requests_spread_over_both_regions_and_all_pods() -> None:
    """Half to each region, however many pods it has; in a region, pods take turns."""

    async def scene() -> tuple[dict[str, int], dict[str, Any]]:
        async with opened() as (door, port, _):
            pods = await placed(door, "reads", westeurope=2, northeurope=3)
            await names(port, 120)
            every = [pod for here in pods.values() for pod in here]
            return {pod.name: pod.seen for pod in every}, door.view()["services"]["reads"]

    seen, view = asyncio.run(scene())
    assert sum(count for name, count in seen.items() if "-we-" in name) == 60
    assert min(seen.values()) >= 60 / 3 - 5
    assert (view[WEST]["requests"], view[NORTH]["requests"], view[WEST]["errors"]) == (60, 60, 0)


def test_a_pod_that_refuses_is_left_out_at_once_and_comes_back() -> None:
    """No request fails, a POST included; the probe that passes brings it back on the same address."""

    async def scene() -> list[Any]:
        async with opened() as (door, port, told):
            pods = await placed(door, "commands", westeurope=2)
            dead = pods[WEST][0]
            _, _, at = dead.address
            dead.stop()
            answers = {(await talk(port, post()))[9:12] for _ in range(4)}
            before = door.view()["services"]["commands"][WEST]
            again = await Pod("again").start(at)
            await until(lambda: {"name": "frontdoor.healthy", "backend": dead.name} in told)
            for _ in range(4):
                await talk(port, post())
            return [answers, before["pods"][dead.name], before["healthy"], again.seen > 0]

    assert asyncio.run(scene()) == [{b"200"}, "out", True, True]


def test_a_region_whose_probes_fail_is_taken_out_and_comes_back() -> None:
    """Two in a row; nothing that it could have answered goes there meanwhile."""

    async def scene() -> list[Any]:
        async with opened() as (door, port, told):
            pods = await placed(door, "reads", westeurope=1, northeurope=1)
            west = pods[WEST][0]
            west.ready = False
            await until(lambda: not origin(door, "reads", WEST).healthy)
            during = set(await names(port, 6))
            why = door.view()["services"]["reads"][WEST]["last_probe"]["why"]
            west.ready = True
            await until(lambda: origin(door, "reads", WEST).healthy)
            after = set(await names(port, 6))
            events = [event["name"] for event in told if event.get("region") == WEST and event["service"] == "reads"]
            return [during, why, after, events[-2:]]

    during, why, after, events = asyncio.run(scene())
    assert during == {"reads-no-0"}
    assert why == "/ready answered 503"
    assert after == {"reads-no-0", "reads-we-0"}
    assert events == ["frontdoor.region-out", "frontdoor.region-in"]


def test_one_failed_probe_is_not_two() -> None:
    """A region stays in until the second failure in a row."""

    async def scene() -> list[bool]:
        door = Door(lambda *_, **__: None, ROUTES)  # not opened: probed by hand
        pods = await placed(door, "reads", westeurope=1)
        west, pod, states = origin(door, "reads", WEST), pods[WEST][0], []
        for ready in (False, True, False, False, True):
            pod.ready = ready
            await west.probe()
            states.append(west.healthy)
        return states

    assert asyncio.run(scene()) == [True, True, True, False, True]


def test_when_no_region_is_fit_all_are_tried() -> None:
    """As Azure does: probes that are wrong must not take the system away."""

    async def scene() -> set[str]:
        async with opened() as (door, port, _):
            pods = await placed(door, "reads", westeurope=1, northeurope=1)
            for here in pods.values():
                here[0].ready = False
            await until(lambda: not any(each.healthy for each in door.groups["reads"].origins))
            return set(await names(port, 4))

    assert asyncio.run(scene()) == {"reads-we-0", "reads-no-0"}


def test_when_every_pod_is_left_out_all_are_tried() -> None:
    """In both regions: one of them may have come back a moment ago."""

    async def scene() -> set[str]:
        door = Door(lambda *_, **__: None, ROUTES)  # not opened: nobody probes
        await placed(door, "reads", westeurope=2, northeurope=1)
        for pod in list(door.groups["reads"].order()):
            pod.eject("wrongly")
        assert not any(each.fit for each in door.groups["reads"].origins)
        return {pod.name for pod in door.groups["reads"].order()}

    assert asyncio.run(scene()) == {"reads-we-0", "reads-we-1", "reads-no-0"}


def test_a_drained_region_finishes_what_it_has_and_gets_nothing_new() -> None:
    """Not even when the other region is gone; undrained, it serves again."""

    async def scene() -> list[Any]:
        async with opened() as (door, port, _):
            pods = await placed(door, "reads", westeurope=1)
            west = pods[WEST][0]
            west.held.clear()
            waiting = asyncio.create_task(talk(port, get()))
            await west.arrived.wait()
            door.drain(WEST)
            under_way = door.view()["services"]["reads"][WEST]["under_way"]
            nobody = problem(await talk(port, get()))
            await placed(door, "reads", northeurope=1)
            other = set(await names(port, 4))
            west.held.set()
            finished = (await waiting)[-10:]
            door.undrain(WEST)
            return [under_way, nobody, other, finished, "reads-we-0" in await names(port, 4)]

    assert asyncio.run(scene()) == [1, (503, "no-backend", "not-done"), {"reads-no-0"}, b"reads-we-0", True]


@pytest.mark.parametrize(
    "take_away", [lambda door: door.drain(WEST), lambda door: door.set_endpoints(WEST, "bank", "reads", [])]
)
def test_a_get_that_lost_its_backend_does_not_move_on_to_who_is_not_there_any_more(
    take_away: Callable[[Door], None],
) -> None:
    """Drained or gone: the order was made before that."""

    async def scene() -> Any:
        async with opened() as (door, port, _):
            lost = asyncio.Event()

            async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                if b"GET /ready" in await reader.readuntil(b"\r\n\r\n"):
                    writer.write(OK)
                else:
                    take_away(door)
                    lost.set()
                writer.close()

            server, other = await asyncio.start_server(hang_up, net.LOOPBACK, 0), await Pod("other").start()
            gone = ("gone", net.LOOPBACK, server.sockets[0].getsockname()[1])
            door.set_endpoints(WEST, "bank", "reads", [gone, other.address])
            while not lost.is_set():  # whose turn it is depends on the probes
                answer = await talk(port, get())
            server.close()
            return problem(answer)

    assert asyncio.run(scene()) == (503, "no-backend", "not-done")


def test_endpoints_are_the_platforms_word() -> None:
    """A pod that disappears finishes and gets nothing new; one that appears is used at once; other services are ignored."""

    async def scene() -> list[Any]:
        async with opened() as (door, port, _):
            pods = await placed(door, "reads", westeurope=2)
            old, kept = pods[WEST]
            old.held.clear()
            first = [asyncio.create_task(talk(port, get())) for _ in range(2)]
            await old.arrived.wait()
            new = await Pod("new").start()
            door.set_endpoints(WEST, "bank", "reads", [kept.address, new.address])
            door.set_endpoints(WEST, "bank", "nobody", [new.address])
            later = set(await names(port, 6))
            old.held.set()
            answers = sorted(answer[-10:] for answer in await asyncio.gather(*first))
            door.set_endpoints(WEST, "bank", "reads", [])
            return [later, answers, problem(await talk(port, get()))[1]]

    later, answers, end = asyncio.run(scene())
    assert later == {"reads-we-1", "new"}
    assert answers == [b"reads-we-0", b"reads-we-1"]
    assert end == "no-backend"


def test_pods_of_two_namespaces_stand_side_by_side() -> None:
    """A service is found by its name; what one namespace says does not take the other's pods away."""

    async def scene() -> list[set[str]]:
        async with opened() as (door, port, _):
            one, two = await Pod("one").start(), await Pod("two").start()
            door.set_endpoints(WEST, "blue", "reads", [one.address])
            door.set_endpoints(WEST, "green", "reads", [two.address])
            both = set(await names(port, 4))
            door.set_endpoints(WEST, "blue", "reads", [])
            return [both, set(await names(port, 2))]

    assert asyncio.run(scene()) == [{"one", "two"}, {"two"}]
