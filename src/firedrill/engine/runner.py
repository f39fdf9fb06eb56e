"""One drill from warm-up to the last witness. Records; computes nothing; puts back whatever happens.

The waits are on what the watches measure, never on a guess: steady before the fault, recovered and held before the
put-back, redundant before the end.
"""

import os
import subprocess
import sys
from collections.abc import Callable

import msgspec

from firedrill.analysis.redundancy import is_redundant
from firedrill.clock import sleep
from firedrill.content.plans import declared_reversibility
from firedrill.engine.chaos import Outcome, Steps, arguments_of, run_experiment
from firedrill.engine.interrupts import STOP, Interrupts
from firedrill.engine.job import PROBER, Job
from firedrill.engine.preflight import check_guards
from firedrill.engine.recorders import Recorders
from firedrill.errors import CannotRun, FiredrillError
from firedrill.model import events as kinds
from firedrill.model.drill import Drill
from firedrill.model.reversibility import mending
from firedrill.model.units import in_words
from firedrill.safety.undo import Undo
from firedrill.store import rundir

TICK_S = 0.1
HOLD_MARGIN_S = 1.0
WITNESS_WITHIN_S = 120.0
REDUNDANT_WITHIN_S = 600.0  # at least: longer than most objectives, so that a miss has a figure
REDUNDANT_MARGIN_S = 60.0


class Runner:
    def __init__(self, job: Job, interrupts: Interrupts) -> None:
        self.job, self.interrupts = job, interrupts
        self.outcome: Outcome | None = None
        self.recorders = Recorders(job)
        self.mending = mending([declared_reversibility(job.experiment)])

    def conduct(self) -> None:
        """Run the whole drill. CannotRun only when nothing was injected; an interrupt ends it early but in order."""
        try:
            with self.recorders:
                self.phase("warm-up", "warming up until the watches are steady")
                if self.steady() and self.let() and self.inject_and_put_back():
                    self.redundant_again()
        except SystemExit as stopped:
            if stopped.code != STOP:
                raise
        if self.interrupts.asked:
            self.job.record(kinds.INTERRUPTED, signal=self.interrupts.asked)
        self.phase("witness", "reading the witnesses")
        for witness in self.job.drill.witnesses:
            self.read_witness(witness)
        (self.job.folder / PROBER).unlink(missing_ok=True)
        self.phase("done", "")

    def phase(self, name: str, words: str) -> None:
        self.job.record(kinds.PHASE, name=name)
        if words:
            self.job.view.say(words)

    def steady(self) -> bool:
        """Whether every watch was good for as long as the drill asks, within the time that it allows."""
        spec = self.job.drill.steady
        waited = self.wait("steady", lambda: self.good_for() >= spec.for_s, spec.within_s + spec.for_s)
        if waited is None:
            why = self.recorders.live.worst(self.job.clock.now())
            self.job.record(kinds.NOT_STEADY, waited_s=spec.within_s, why=why)
            self.job.view.say(f"not steady, so nothing is injected ({why})")
            return False
        self.job.record(kinds.STEADY, for_s=spec.for_s, waited_s=round(waited, 3))
        return True

    def let(self) -> bool:
        """Whether the guards still let the fault happen: what they look at may have changed while the load began (a lag grows)."""
        try:
            check_guards(self.job.target, self.job.experiment)
        except CannotRun as refusal:
            self.job.record(kinds.NOT_STEADY, waited_s=0.0, why=refusal.what)
            self.job.troubles.append(refusal.render())
            return False
        return True

    def good_for(self) -> float:
        return self.recorders.live.good_for(self.job.clock.now())

    def wait(self, what: str, reached: Callable[[], bool], limit_s: float) -> float | None:
        """Seconds that it took; None when a limit passed or a recorder died. The live view ticks meanwhile."""
        clock = self.job.clock
        began = clock.now()
        while not reached():
            now = clock.now()
            if now - began > limit_s or now > self.job.drill.time_limit_s or self.recorders.dead():
                return None
            self.job.view.tick(now, what, self.recorders.live.states(now))
            sleep(TICK_S)
        return clock.now() - began

    def inject_and_put_back(self) -> bool:
        """The experiment: fault, hold until recovered, rollback. The undo is on disk before the fault leaves.

        Whether the rollbacks succeeded: if not, there is no redundancy to wait for.
        """
        os.environ["FIREDRILL_RUN_DIR"] = str(self.job.folder.resolve())
        undos = undos_of(self.job)
        self.job.undo.open(undos)
        for undo in undos:
            self.job.record(
                kinds.UNDO_WRITTEN,
                name=undo.name,
                undo=f"{undo.module}.{undo.func}",
                reversibility=declared_reversibility(self.job.experiment),
            )
        steps = Steps(self.before_fault, self.hold, self.before_put_back)
        self.outcome = run_experiment(self.job.experiment, steps, self.interrupts.handle)
        self.write_journal(self.outcome)
        self.write_failures(self.outcome)
        carried_out = bool(self.outcome.journal.get("rollbacks")) or not undos
        put_back = not self.outcome.rollbacks_failed and carried_out
        for name in self.outcome.rolled_back:
            self.job.undone(name)
        if put_back:
            self.job.undo.close("the rollbacks of the experiment succeeded" if undos else "nothing was to be undone")
        return put_back

    def write_failures(self, outcome: Outcome) -> None:
        """What failed without the action having said so itself."""
        if not outcome.gate_met:
            self.job.record(
                kinds.NOT_STEADY, waited_s=0.0, why="the experiment's own steady-state hypothesis was not met"
            )
        for crash in outcome.crashes:
            self.job.record(kinds.CHECK_CRASHED, name="a step of the drill", error=crash)
        for kind, failures in (
            (kinds.FAULT_FAILED, outcome.faults_failed),
            (kinds.UNDO_FAILED, outcome.rollbacks_failed),
        ):
            for name, error in failures.items() if kind not in self.job.heard else ():
                self.job.record(kind, name=name, error=error)

    def before_fault(self) -> None:
        self.phase("inject", "steady")
        lag = self.job.place.lag()
        self.job.record(kinds.PREDICTED, subject="replication lag", lag_s=lag)

    def hold(self) -> None:
        """As long as the fault is to stand; else until every watch is good again and stays so, or the drill's patience ends."""
        recovery, began = self.job.drill.recovery, self.job.clock.now()
        if (after_s := recovery.after_s) is not None:
            self.phase("recover", f"the fault stands for {in_words(after_s)}")
            self.wait(f"the {self.mending.noun}", lambda: self.job.clock.now() - began >= after_s, after_s + 1.0)
            return
        self.phase("recover", f"waiting until the watches are good again for {in_words(recovery.hold_s)}")
        limit = recovery.within_s or max(
            one.limit for one in self.job.drill.objectives if one.kind == "recovers within"
        )
        waited = self.wait(
            "recovery", lambda: self.held(began, recovery.hold_s), limit + recovery.hold_s + HOLD_MARGIN_S
        )
        if waited is None:
            self.job.record(kinds.NOT_RECOVERED, waited_s=round(self.job.clock.now() - began, 3), limit_s=limit)
            self.job.view.say(f"not recovered in time; {self.mending.doing}")
        else:
            self.job.record(kinds.RECOVERED, waited_s=round(waited, 3))

    def held(self, since: float, hold_s: float) -> bool:
        """A little longer than the analysis asks for, which counts from the first certain answer and not from the last bad one."""
        enough = hold_s + HOLD_MARGIN_S
        return self.good_for() >= enough and self.job.clock.now() - since >= enough

    def before_put_back(self) -> None:
        self.phase(self.mending.noun, self.mending.doing if undos_of(self.job) else "nothing has to follow the fault")

    def redundant_again(self) -> None:
        """Until everything that was observed is redundant, the roles are as they were, and the watches have held once more."""
        self.phase("redundancy", "waiting for redundancy")
        began, recovery = self.job.clock.now(), self.job.drill.recovery
        limit_s = redundancy_patience_s(self.job.drill)
        back = self.wait("redundancy", self.redundant, limit_s)
        if back is None:
            self.job.record(kinds.NOT_REDUNDANT, waited_s=round(self.job.clock.now() - began, 3), limit_s=limit_s)
        else:
            self.job.record(kinds.REDUNDANT, waited_s=round(back, 3))
            patience = max(self.job.drill.steady.within_s, recovery.within_s or 0.0)
            self.wait("the watches", lambda: self.held(began, recovery.hold_s), patience)

    def redundant(self) -> bool:
        sql, latest = self.job.target.sql, self.recorders.observer.latest
        role = latest.get((sql.primary, "role"), "Primary") if sql else "Primary"
        return role == "Primary" and is_redundant(latest) is True

    def read_witness(self, witness: str) -> None:
        """A witness is read by a child of its own, when nothing writes any more."""
        argv = [sys.executable, "-m", "firedrill.engine.prober", "--witness", str(self.job.prober_config()), witness]
        log = self.job.folder / rundir.LOG
        try:
            with log.open("ab") as output:
                env = {**os.environ, **self.job.child_env()}
                subprocess.run(
                    argv,
                    check=True,
                    timeout=WITNESS_WITHIN_S,
                    cwd=self.job.project,
                    env=env,
                    stdout=output,
                    stderr=output,
                )
        except (subprocess.SubprocessError, OSError) as error:
            self.job.record(kinds.WITNESS_FAILED, witness=witness, error=str(error))
        else:
            self.job.record(kinds.WITNESS_READ, witness=witness)

    def write_journal(self, outcome: Outcome) -> None:
        """Chaos Toolkit's own journal, as it is."""
        try:
            content = msgspec.json.format(msgspec.json.encode(outcome.journal, enc_hook=str))
            rundir.write_synced(self.job.folder / rundir.JOURNAL, content)
        except OSError as error:
            self.job.troubles.append(FiredrillError(f"cannot write the experiment's journal: {error}").render())


def redundancy_patience_s(drill: Drill) -> float:
    """How long redundancy is waited for: never less than the drill's own objective allows, and a margin."""
    allowed = [one.limit for one in drill.objectives if one.kind == "redundancy back within"]
    return max([REDUNDANT_WITHIN_S, *(limit + REDUNDANT_MARGIN_S for limit in allowed)])


def undos_of(job: Job) -> list[Undo]:
    """The experiment's rollbacks with their configuration filled in, as they are written ahead."""
    return [
        Undo(
            name=one["name"],
            module=one["provider"]["module"],
            func=one["provider"]["func"],
            arguments=arguments_of(job.experiment, one),
            environment={key: value for key, value in job.place.env.items() if not is_secret(key, value)},
            project=str(job.project),
        )
        for one in job.experiment.get("rollbacks", [])
    ]


def is_secret(key: str, value: str) -> bool:
    """What must not lie on the disk: on the stage the stage itself says it again, elsewhere the environment does."""
    return "SECRET" in key or "TOKEN" in key or "SQL_" in key or "AccountKey=" in value or "SharedAccessKey=" in value
