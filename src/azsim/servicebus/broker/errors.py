"""What the broker refuses, in the words that the SDKs turn into their exceptions."""


class BrokerError(Exception):
    """AMQP `condition` and a sentence; `status` is what the management node answers."""

    def __init__(self, condition: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.condition = condition
        self.status = status


def not_found(path: str) -> BrokerError:
    return BrokerError("amqp:not-found", f"The messaging entity '{path}' could not be found.", 404)


def disabled(path: str) -> BrokerError:
    return BrokerError("com.microsoft:entity-disabled", f"Messaging entity '{path}' is currently disabled.", 403)


def lock_lost() -> BrokerError:
    description = "The lock supplied is invalid. Either the lock expired, or the message has already been removed."
    return BrokerError("com.microsoft:message-lock-lost", description, 410)


def session_lock_lost(session: str) -> BrokerError:
    description = f"The session lock of '{session}' has expired or is held by somebody else."
    return BrokerError("com.microsoft:session-lock-lost", description, 410)


def session_locked(session: str) -> BrokerError:
    description = f"The requested session '{session}' cannot be accepted: another receiver has locked it."
    return BrokerError("com.microsoft:session-cannot-be-locked", description, 409)


def busy() -> BrokerError:
    description = "The request was terminated because the namespace is being throttled. Wait 10 seconds and try again."
    return BrokerError("com.microsoft:server-busy", description, 503)


def message_not_found(number: int) -> BrokerError:
    return BrokerError("com.microsoft:message-not-found", f"There is no message with sequence number {number}.", 404)


def argument(description: str) -> BrokerError:
    return BrokerError("com.microsoft:argument-error", description, 400)


def over_quota(path: str) -> BrokerError:
    return BrokerError("amqp:resource-limit-exceeded", f"The maximum entity size of '{path}' has been reached.", 403)
