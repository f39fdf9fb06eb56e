"""Known mistakes, to be switched on by name: a drill must catch them, and a healthy bank must pass the same drill.

This is the only file that knows their names. The rest of the bank reads plain settings, `Habits`, and gets the right ones
when no mistake was asked for. Most were made, and later told, by people who ran a bank like this one.
"""

from dataclasses import dataclass

from gasbank.errors import BadSettingError


@dataclass(frozen=True)
class Habits:
    """How the bank treats what it depends on. The defaults are the right ones."""

    mistake: str = ""
    # The database
    attempts: int | None = None  # None: until the deadline
    read_fallback: bool = True  # reads go to the read-write listener when the read-only one is away
    pins_address: bool = False  # connect to the server that the listener led to first, whatever it says later
    reserves: bool = True  # the balance check and the movement are one: what is decided on is what is moved
    multiplies: bool = False  # each layer retries on its own
    # The projector reads by ascending position and misses what commits late: many messages handled in one transaction.
    skips_gaps: bool = False
    # The buses
    second_bus: bool = True  # the sender of the other bus exists before it is needed
    closes_in_flight: bool = False  # going back to bus A closes bus B under those who still send
    dedupes: bool = True  # the inbox knows what it has seen
    forgets_inbox: bool = False  # ... and goes on knowing it after it was processed
    orders: bool = True  # messages of a party are applied by their sequence number
    newest_first: bool = False
    completes_dead_letters: bool = False  # goes on to `complete` after it has dead-lettered
    holds_locks: bool = False  # a failure is slept on instead of abandoned
    one_key: bool = False  # receives with the key that may only send
    silent_failover: bool = False  # a change of bus leaves no audit record
    lost_update: bool = False  # read, change, write, without looking whether somebody else wrote
    forgets_outbox: bool = False  # an error while reading what is pending counts as "nothing is pending"
    # The archive
    second_region: bool = True  # a blob that cannot go to region 1 goes to region 2
    reads_both: bool = True  # "not there" in one region is looked up in the other
    homes: bool = True  # what was displaced goes home after healing
    create_only: bool = True  # an archived message is never overwritten
    archive_open_s: float | None = None  # None: as for the bus
    # Leader, plant, days
    fences: bool = True  # the database checks who leads
    plant_once: bool = True  # an instruction is carried out once, however often it arrives
    right_limit: bool = True  # the plant's limit is read under its own key
    days_of_24: bool = False  # each gas day has 24 hours


MISTAKES = {
    "": Habits(),
    "no-retry": Habits("no-retry", attempts=1, read_fallback=False),
    "stale-pool": Habits("stale-pool", pins_address=True),
    "no-reservation": Habits("no-reservation", reserves=False),
    "multiply-retries": Habits("multiply-retries", multiplies=True),
    "skip-gaps": Habits("skip-gaps", skips_gaps=True),
    "null-secondary": Habits("null-secondary", second_bus=False),
    "close-in-flight": Habits("close-in-flight", closes_in_flight=True),
    "no-inbox": Habits("no-inbox", dedupes=False),
    "forget-inbox": Habits("forget-inbox", forgets_inbox=True),
    "no-order": Habits("no-order", orders=False),
    "newest-first": Habits("newest-first", newest_first=True),
    "complete-dead-letter": Habits("complete-dead-letter", completes_dead_letters=True),
    "hold-the-lock": Habits("hold-the-lock", holds_locks=True),
    "one-key": Habits("one-key", one_key=True),
    "silent-failover": Habits("silent-failover", silent_failover=True),
    "lost-update": Habits("lost-update", lost_update=True),
    "forget-outbox": Habits("forget-outbox", forgets_outbox=True),
    "dead-path": Habits("dead-path", second_region=False),
    "read-one-region": Habits("read-one-region", reads_both=False),
    "never-home": Habits("never-home", homes=False),
    "overwrite": Habits("overwrite", create_only=False),
    "slow-archive-breaker": Habits("slow-archive-breaker", archive_open_s=60.0),
    "no-fencing": Habits("no-fencing", fences=False),
    "plant-twice": Habits("plant-twice", plant_once=False),
    "wrong-limit": Habits("wrong-limit", right_limit=False),
    "24-hour-day": Habits("24-hour-day", days_of_24=True),
}


def habits(mistake: str) -> Habits:
    """The habits that go with the name of a mistake ("" for none); BadSettingError lists the names."""
    if mistake not in MISTAKES:
        names = ", ".join(repr(name) for name in MISTAKES if name)
        raise BadSettingError(f'MISTAKE={mistake!r}: there is no such mistake; use one of {names}, or "" for none')
    return MISTAKES[mistake]
