"""Three witnesses side by side, and what each entry is. Pure.

kept         acknowledged, and in the books
lost         acknowledged, in neither the books nor the archive (or the archive's was taken back since): known by name, and gone
recoverable  acknowledged, archived, not in the books: posted again from the archive where that proves enough
ghost        a document that the outside has and the bank does not know, acknowledged or not
orphan       a booking that no archive has, although it is older than the archive takes
unproved     a document in the archive that does not carry our signature: nothing is done with it
"""

import msgspec

from gasbank.reconcile.movements import Document

BOOKING = "booking "


class Booking(msgspec.Struct, frozen=True):
    """A movement in the books and one party that it touches."""

    key: str
    party: str
    age_s: float

    @property
    def subject(self) -> str:
        return BOOKING + self.key


class Evidence(msgspec.Struct):
    """`keys`: of all that is in the books. `bookings`: those whose party must be told. `archived`: (party, subject) of what the archive
    has. `unknown`: documents that it has and the bank does not. `retracted`: (party, subject) whose newest word is a retraction.
    `matched`: business keys of what nominations told the ledger.
    """

    acknowledged: set[str]
    keys: set[str]
    bookings: list[Booking]
    archived: set[tuple[str, str]]
    unknown: list[Document]
    unproved: list[str]
    retracted: set[tuple[str, str]]
    matched: set[str]


class Findings(msgspec.Struct):
    kept: int
    lost: list[str]
    recoverable: list[str]
    ghosts: list[str]
    orphans: list[str]
    unproved: list[str]

    @property
    def wrong(self) -> int:
        return sum(map(len, (self.lost, self.recoverable, self.ghosts, self.orphans, self.unproved)))


def findings(evidence: Evidence, older_s: float) -> Findings:
    """Each list in order; a name says what, whose, and which document."""
    missing = evidence.acknowledged - evidence.keys
    told = {key_of(document) for document in evidence.unknown if document["kind"] == "booking"}
    orphans = {
        f"{booking.key} ({booking.party})"
        for booking in evidence.bookings
        if booking.age_s > older_s and (booking.party, booking.subject) not in evidence.archived
    }
    return Findings(
        kept=len(evidence.acknowledged & evidence.keys),
        lost=sorted(missing - told),
        recoverable=sorted(missing & told),
        ghosts=sorted(name_of(document) for document in evidence.unknown),
        orphans=sorted(orphans),
        unproved=sorted(evidence.unproved),
    )


def key_of(document: Document) -> str:
    return str(document["subject"]).removeprefix(BOOKING)


def name_of(document: Document) -> str:
    return f"{document['subject']} ({document['party']}, {document['message_id']}.v{document['version']})"
