"""A small project on disk to break: one good drill, experiment, target, probe module and locustfile."""

from pathlib import Path

DRILL = """\
drill: Lights out
because: Somebody must notice.
experiment: lights-out
load: {file: load/users.py, users: 3, rate: 10/s}
watch:
  - {name: buy, probe: probes.shop.buy, rate: 20/s, timeout: 2s}
  - name: look
    probe: probes.shop.look
    rate: 90/m
    connections: [new]
    burst: {rate: 50/s, for: 30s}
  - {name: control, probe: probes.shop.look, rate: 5/s, control: true, burst: off}
invariants:
  - {name: stock is right, probe: probes.shop.look, rate: 10/s}
witnesses: [probes.shop.stored]
steady: {for: 500ms}
objectives:
  buy recovers within: {at most: 60s, promised: "up to 60 seconds (October 2025)"}
  look available: 99.5%
  look answers within: 500ms
  failed requests: 1%
  lost writes: {at most: 50, within: 5s}
  duplicated writes: 0
  redundancy back within: 10m
"""

EXPERIMENT = """\
title: Lights out
description: The switch is thrown.
configuration:
  room: {type: env, key: ROOM, default: cellar}
steady-state-hypothesis:
  title: light
  probes:
    - name: it is bright
      type: probe
      tolerance: true
      provider: {type: python, module: faults.light, func: bright, arguments: {room: "${room}"}}
method:
  - name: switch it off
    type: action
    provider: {type: python, module: faults.light, func: turn_off, arguments: {room: "${room}"}}
rollbacks:
  - name: switch it on
    type: action
    provider: {type: python, module: faults.light, func: turn_on, arguments: {room: "${room}", within: 3s}}
"""

TARGET = """\
target: here
rehearsal: true
sql: {failover_group: group, primary: one, secondary: two}
stage:
  profile: brisk
  replication_lag: 250ms
  init: [["{python}", -m, shop, setup]]
  workloads:
    - {name: shop, command: ["{python}", -m, shop], per_region: 3, ready: /ready, env: {COLOUR: blue}}
"""

PROBES = """\
async def buy(ask): ...
async def look(ask): ...
async def stored(ask, prefix): ...
def slow(ask): ...
"""

FAULTS = """\
def bright(room): ...
def turn_off(room, configuration=None): ...
def turn_on(room, within="1m"): ...
"""


def make_project(root: Path) -> Path:
    """Write the project below `root` and return its folder."""
    files = {
        "drills/lights-out.yaml": DRILL,
        "drills/load/users.py": "class Users: ...\n",
        "experiments/lights-out.yaml": EXPERIMENT,
        "targets/here.yaml": TARGET,
        "probes/shop.py": PROBES,
        "faults/light.py": FAULTS,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def changed(text: str, old: str, new: str) -> str:
    """The text with one part replaced; fails when the part is not there, so that no test tests nothing."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)
