"""What is wrong with how the bank was started."""


class BadSettingError(Exception):
    """Says which setting, what it was, and what is accepted."""
