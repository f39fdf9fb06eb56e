"""Drills that must be refused: what was written instead of what, and the error that a person sees.

`structural` says whether the JSON Schema can see it too (an editor underlines it).
"""

from typing import NamedTuple


class Bad(NamedTuple):
    name: str
    old: str
    new: str
    error: str
    structural: bool = True


BAD = [
    Bad(
        "unknown key with a near match",
        "steady: {for: 500ms}",
        "steady: {four: 500ms}",
        "error: steady: unknown key 'four'\n  where: drills/lights-out.yaml:16\n  accepted: for, within\n  next: did you mean 'for'?",
    ),
    Bad(
        "unknown key at the top",
        "because:",
        "becuase:",
        "error: unknown key 'becuase'\n  where: drills/lights-out.yaml:2\n  accepted: drill, because, experiment, load, watch, "
        "invariants, witnesses, steady, recovery, objectives, time limit\n  next: did you mean 'because'?",
    ),
    Bad(
        "unknown key deep in a list is found on its own line",
        "    rate: 90/m",
        "    rats: 90/m",
        "error: watch.look: unknown key 'rats'\n  where: drills/lights-out.yaml:9\n  accepted: name, probe, rate, timeout, "
        "connections, control, burst\n  next: did you mean 'rate'?",
    ),
    Bad(
        "a missing key names the line to add",
        "because: Somebody must notice.\n",
        "",
        "error: the key 'because' is missing\n  where: drills/lights-out.yaml:1\n"
        "  accepted: why the bad day matters: one sentence\n  next: add the line `because: ...`",
    ),
    Bad(
        "a bare number as a duration",
        "timeout: 2s",
        "timeout: 2",
        "error: watch.buy.timeout: 2 is not a duration\n  where: drills/lights-out.yaml:6\n"
        "  accepted: a number with a unit: 500ms, 2s, 10m, 1h",
    ),
    Bad(
        "a wrong unit for a rate",
        "rate: 90/m",
        "rate: 90/h",
        "error: watch.look.rate: '90/h' is not a rate\n  where: drills/lights-out.yaml:9\n"
        "  accepted: a number per second or minute: 20/s, 90/m",
    ),
    Bad(
        "a rate of nothing",
        "rate: 90/m",
        "rate: 0/s",
        "error: watch.look.rate: '0/s' is not a rate\n  where: drills/lights-out.yaml:9\n"
        "  accepted: a number per second or minute: 20/s, 90/m",
    ),
    Bad(
        "a rate beyond the bounds",
        "rate: 90/m",
        "rate: 2000/s",
        "error: watch.look.rate: 2000/s is out of bounds\n  where: drills/lights-out.yaml:9\n  accepted: 1/m to 1000/s",
        structural=False,
    ),
    Bad(
        "rates that one prober cannot keep",
        "rate: 90/m",
        "rate: 990/s",
        "error: watch: the watches ask 1050 times a second\n  where: drills/lights-out.yaml:5\n  accepted: at most 1000/s over "
        "all watches (each connection counts) and invariants\n  next: lower a rate",
        structural=False,
    ),
    Bad(
        "a time-out of nothing",
        "timeout: 2s",
        "timeout: 0s",
        "error: watch.buy.timeout: 0s is out of bounds\n  where: drills/lights-out.yaml:6\n  accepted: 10ms to 2m",
    ),
    Bad(
        "a percentage without its sign",
        "look available: 99.5%",
        "look available: 0.995",
        "error: objectives.look available: 0.995 is not a percentage\n  where: drills/lights-out.yaml:19\n  accepted: 0% to 100%",
    ),
    Bad(
        "no recovery objective",
        '  buy recovers within: {at most: 60s, promised: "up to 60 seconds (October 2025)"}\n',
        "",
        "error: objectives: no objective 'recovers within': a drill says what is acceptable\n  where: drills/lights-out.yaml:17\n"
        "  accepted: <watch> recovers within, <watch> available, <watch> answers within, failed requests, lost writes, "
        "duplicated writes, redundancy back within\n  next: add the line `buy recovers within: 60s`",
        structural=False,
    ),
    Bad(
        "no objective for lost writes",
        "  lost writes: {at most: 50, within: 5s}\n",
        "",
        "error: objectives: no objective 'lost writes': a drill says what is acceptable\n  where: drills/lights-out.yaml:17\n"
        "  accepted: <watch> recovers within, <watch> available, <watch> answers within, failed requests, lost writes, "
        "duplicated writes, redundancy back within\n  next: add the line `lost writes: {at most: 50, within: 5s}`",
        structural=False,  # a drill that writes nothing needs none
    ),
    Bad(
        "no objective for redundancy",
        "  redundancy back within: 10m\n",
        "",
        "error: objectives: no objective 'redundancy back within': a drill says what is acceptable\n"
        "  where: drills/lights-out.yaml:17\n"
        "  accepted: <watch> recovers within, <watch> available, <watch> answers within, failed requests, lost writes, "
        "duplicated writes, redundancy back within\n  next: add the line `redundancy back within: 10m`",
    ),
    Bad(
        "an objective that nobody knows",
        "duplicated writes: 0",
        "duplicate writes: 0",
        "error: objectives.duplicate writes: unknown objective 'duplicate writes'\n  where: drills/lights-out.yaml:23\n"
        "  accepted: <watch> recovers within, <watch> available, <watch> answers within, failed requests, lost writes, "
        "duplicated writes, redundancy back within\n  next: did you mean 'duplicated writes'?",
    ),
    Bad(
        "an objective about a watch that is not there",
        "look available",
        "lock available",
        "error: objectives: 'lock available' is about a watch that the drill does not have: 'lock'\n"
        "  where: drills/lights-out.yaml:19\n  accepted: buy, look\n  next: did you mean 'look'?",
        structural=False,
    ),
    Bad(
        "an objective without a limit",
        "{at most: 50, within: 5s}",
        "{within: 5s}",
        "error: objectives.lost writes: it needs one limit\n  where: drills/lights-out.yaml:22\n"
        "  accepted: {limit: ...} or {at most: ...}",
    ),
    Bad(
        "a count that is none",
        "duplicated writes: 0",
        "duplicated writes: none",
        "error: objectives.duplicated writes: 'none' is not accepted here\n  where: drills/lights-out.yaml:23\n"
        "  accepted: a whole number, 0 to 1000000000",
    ),
    Bad(
        "a limit above the drill's own time",
        "redundancy back within: 10m",
        "redundancy back within: 20m",
        "error: objectives: the drill stops after 900 s, before 'redundancy back within' (20m) is over\n"
        "  where: drills/lights-out.yaml:17\n  accepted: a time limit above every objective\n"
        "  next: add or raise the line `time limit: ...`",
        structural=False,
    ),
    Bad(
        "an unknown probe",
        "probes.shop.buy",
        "probes.shop.bye",
        "error: watch.buy.probe: probes/shop.py has no function 'bye'\n  where: drills/lights-out.yaml:6\n"
        "  accepted: buy, look, stored, slow\n  next: did you mean 'buy'?",
        structural=False,
    ),
    Bad(
        "a probe that is not a name",
        "probes.shop.buy",
        "probes/shop.py",
        "error: watch.buy.probe: 'probes/shop.py' is not accepted here\n  where: drills/lights-out.yaml:6\n"
        "  accepted: module and function: probes.gasbank.transfer",
    ),
    Bad(
        "a probe that is not asynchronous",
        "probes.shop.buy",
        "probes.shop.slow",
        "error: watch.buy.probe: probes.shop.slow is a plain function\n  where: drills/lights-out.yaml:6\n"
        "  accepted: async def slow(ask)\n  next: write async def",
        structural=False,
    ),
    Bad(
        "a witness in a module that is not there",
        "probes.shop.stored",
        "probes.store.stored",
        "error: witnesses.1: there is no module probes.store\n  where: drills/lights-out.yaml:15\n"
        "  accepted: a module below . or of an installed package\n  next: create it",
        structural=False,
    ),
    Bad(
        "an experiment that is not there",
        "experiment: lights-out",
        "experiment: lights-of",
        "error: there is no experiment 'lights-of'\n  where: drills/lights-out.yaml:3\n  accepted: lights-out\n"
        "  next: did you mean 'lights-out'?",
        structural=False,
    ),
    Bad(
        "a locustfile that is not there",
        "load/users.py",
        "load/people.py",
        "error: load.file: there is no file 'load/people.py'\n  where: drills/lights-out.yaml:4\n"
        "  accepted: a file in drills/ or in the project",
        structural=False,
    ),
    Bad(
        "two watches of one name",
        "name: look",
        "name: buy",
        "error: watch.buy.name: 'buy' is taken\n  where: drills/lights-out.yaml:7\n  accepted: a name of its own",
        structural=False,
    ),
    Bad(
        "a key twice",
        "drill: Lights out",
        "drill: Lights out\ndrill: Lights on",
        "error: the key 'drill' stands here twice; the first is at drills/lights-out.yaml:1\n  where: drills/lights-out.yaml:2",
    ),
    Bad(
        "a tab",
        "    probe: probes.shop.look\n    rate",
        "\tprobe: probes.shop.look\n    rate",
        "error: a tab in the indentation\n  where: drills/lights-out.yaml:8\n  accepted: spaces",
    ),
    Bad(
        "a bracket that never closes",
        "[new]",
        "[new",
        "error: this is not YAML: did not find expected ',' or ']' (while parsing a flow sequence)\n"
        "  where: drills/lights-out.yaml:11",
    ),
    Bad(
        "a switch that is neither on nor off",
        "control: true",
        "control: maybe",
        "error: watch.control.control: 'maybe' is neither true nor false\n  where: drills/lights-out.yaml:12\n"
        "  accepted: true or false",
    ),
    Bad(
        "a connection that does not exist",
        "connections: [new]",
        "connections: [fresh]",
        "error: watch.look.connections.1: 'fresh' is not accepted here\n  where: drills/lights-out.yaml:10\n  accepted: new or kept",
    ),
    Bad(
        "a list where a mapping belongs",
        "steady: {for: 500ms}",
        "steady: [500ms]",
        "error: steady: a list of 1 is not a mapping\n  where: drills/lights-out.yaml:16\n  accepted: the keys for, within",
    ),
    Bad(
        "nothing where a text belongs",
        "because: Somebody must notice.",
        "because:",
        "error: because: nothing is not text\n  where: drills/lights-out.yaml:2\n  accepted: text; put it in quotes",
    ),
]
