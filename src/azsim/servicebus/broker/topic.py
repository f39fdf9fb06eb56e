"""A topic: it keeps no messages, it says which subscriptions get one."""

from azsim.servicebus.broker.duplicates import Duplicates
from azsim.servicebus.broker.message import Message
from azsim.servicebus.broker.options import Options
from azsim.servicebus.broker.rules import Rule, Test


class Topic:
    """`rules` are what its subscriptions want; a subscription without a rule gets nothing."""

    def __init__(self, path: str, options: Options) -> None:
        self.path = path
        self.options = options
        self.rules: dict[str, dict[str, tuple[Rule, Test]]] = {}  # subscription -> name -> rule
        self.seen = Duplicates()

    def takers(self, message: Message) -> list[str]:
        """The subscriptions that get a message."""
        return [name for name, rules in self.rules.items() if any(test(message) for _, test in rules.values())]
