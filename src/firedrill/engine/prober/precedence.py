"""Ahead of everything else on a busy machine: a stopwatch that has to queue for the processor measures the queue."""

import os
import resource

NICE = -10
REAL_TIME_PRIORITY = 1  # the lowest there is: ahead of every ordinary process, behind whatever the machine itself needs


def take_precedence() -> str:
    """Real-time scheduling where it is allowed, else a better nice value, else nothing; says which."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
        return "real time"
    except (PermissionError, AttributeError):  # not root, or not Linux
        return take_nice()


def take_nice() -> str:
    try:
        return f"nice {os.nice(NICE)}"
    except PermissionError:
        return "none"


def take_sockets() -> None:
    """As many as are allowed: in a hang every question under way holds one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
