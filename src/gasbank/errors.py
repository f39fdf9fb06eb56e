"""What the bank says no to: settings it cannot start with, and requests that it refuses for good."""


class BadSettingError(Exception):
    """Says which setting, what it was, and what is accepted."""


class RefusalError(Exception):
    """The bank said no, for good: nothing was done and asking again changes nothing by itself."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class StaleTokenError(Exception):
    """This process does not lead any more: another one holds a newer token, so the database takes nothing from us."""

    def __init__(self, name: str, token: int) -> None:
        super().__init__(f"{name}: token {token} is stale, another process leads")
        self.name, self.token = name, token
