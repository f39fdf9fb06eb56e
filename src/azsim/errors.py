"""What can go wrong, as two types: for the person who starts the stage, and for the client that asks ARM.

Neither is ever shown as a traceback.
"""


class StageError(Exception):
    """The stage cannot start or do what was asked. `what` happened, `next` is what the reader can do about it."""

    def __init__(self, what: str, next: str) -> None:  # noqa: A002 - the key in the promised JSON
        super().__init__(what)
        self.what = what
        self.next = next


class ArmError(Exception):
    """An answer in Azure's error envelope: HTTP `status`, Azure's `code`, and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    @property
    def body(self) -> dict[str, object]:
        return {"error": {"code": self.code, "message": self.message}}
