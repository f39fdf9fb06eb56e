"""The kinds of events that a run may record, each with the keys of its `data`. `docs/reference` is made from this."""

RUN_STARTED = "run.started"  # RunInfo
PHASE = (
    "phase"  # name: preflight | warm-up | inject | recover | put-back or re-protection | redundancy | witness | done
)
STEADY = "steady"  # for_s, waited_s: every watch was good for that long
NOT_STEADY = "not-steady"  # waited_s, why: nothing is injected
PREDICTED = "predicted"  # subject, lag_s (None: the platform does not say), at the moment before the fault
FAULT_COMMAND = "fault.command"  # name, on, planned, reversibility: just before the request leaves
FAULT_ACCEPTED = "fault.accepted"  # name: the control plane said 202
FAULT_DONE = (
    "fault.done"  # name, low, high, status: the control plane says it is over (seen by polling, so an interval)
)
DOUBT = "doubt"  # name: an answer of the control plane was lost; the resource itself was asked what happened
FAULT_FAILED = "fault.failed"  # name, error
UNDO_WRITTEN = "undo.written"  # name, undo, reversibility: on disk before the fault
UNDO_COMMAND = "undo.command"  # name, on
UNDO_ACCEPTED = "undo.accepted"  # name
UNDO_DONE = "undo.done"  # name, low, high, status
UNDO_FAILED = "undo.failed"  # name, error
UNDO_NOT_NEEDED = "undo.not-needed"  # name, why
OBSERVED = (
    "observed"  # subject, attribute, value, was, low, high: a change seen on the control plane or in name resolution
)
RECOVERED = "recovered"  # waited_s: the watches were good again and held (live view; analysis decides by itself)
NOT_RECOVERED = "not-recovered"  # waited_s, limit_s: gave up waiting
REDUNDANT = "redundant"  # waited_s
NOT_REDUNDANT = "not-redundant"  # waited_s, limit_s
CHECK_CRASHED = "check.crashed"  # name, error: makes the verdict inconclusive
CHILD_ENDED = "child.ended"  # name, code: a recorder ended before it was told to
INTERRUPTED = "interrupted"  # signal
WITNESS_READ = "witness.read"  # witness, rows
WITNESS_FAILED = "witness.failed"  # witness, error
SEALED = "sealed"  # files: {name: sha256}
