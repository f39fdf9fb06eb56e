"""The bank's users: mostly they look, a third of the time they move gas; a tenth of those ask twice, to be sure; a few use the plant.

Works under `firedrill run` and as a plain locustfile: `locust -f drills/load/gasbank.py --host http://127.0.0.1:PORT`.
"""

from datetime import UTC, datetime, timedelta

from gevent.pool import Pool

from firedrill.load.openloop import RUN, Arrival, OpenLoopUser

ACCOUNTS = [f"load-{RUN}-{number}" for number in range(20)]
OPENING_KWH = 1_000_000
AT_ONCE = 10


def transfer(arrival: Arrival) -> None:
    seller, buyer = arrival.random.sample(ACCOUNTS, 2)
    kwh = arrival.random.randint(1, 50)
    key = arrival.ledger("transfer", f"{kwh} kWh from {seller} to {buyer}")
    arrival.ask("POST", "/transfers", "transfer", key, json={"from": seller, "to": buyer, "kwh": kwh})


def twice(arrival: Arrival) -> None:
    """A careful customer: the same transfer under the same key once more. It counts once."""
    seller, buyer = arrival.random.sample(ACCOUNTS, 2)
    kwh = arrival.random.randint(1, 50)
    key = arrival.ledger("transfer", f"{kwh} kWh from {seller} to {buyer}, asked twice")
    for _ in range(2):
        arrival.ask("POST", "/transfers", "transfer", key, json={"from": seller, "to": buyer, "kwh": kwh})


def inject(arrival: Arrival) -> None:
    """Into store in the next hour; the plant answers later."""
    account, kwh = arrival.random.choice(ACCOUNTS), arrival.random.randint(1, 50)
    key = arrival.ledger("injection", f"{kwh} kWh of {account} into store")
    hour = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:00:00Z")
    arrival.ask("POST", "/injections", "injection", key, json={"account": account, "kwh": kwh, "hour": hour})


def balance(arrival: Arrival) -> None:
    arrival.ask("GET", f"/accounts/{arrival.random.choice(ACCOUNTS)}/balance", "balance")


def statement(arrival: Arrival) -> None:
    arrival.ask("GET", f"/accounts/{arrival.random.choice(ACCOUNTS)}/statement?limit=20", "statement")


class Shipper(OpenLoopUser):
    journeys = {transfer: 35, twice: 4, inject: 2, balance: 49, statement: 10}  # noqa: RUF012 - Locust reads it from the class

    def prepare(self) -> None:
        """All at once: what is opened in the last moments before a forced failover is lost with them."""
        Pool(AT_ONCE).map(self.open, ACCOUNTS)

    def open(self, account: str) -> None:
        """Open and fill one account; the keys keep this harmless when it is done again."""
        headers = {"Idempotency-Key": f"setup-{account}-open"}
        self.client.post("/accounts", name="open", headers=headers, json={"account": account, "name": account})
        headers = {"Idempotency-Key": f"setup-{account}-fill"}
        self.client.post("/deposits", name="open", headers=headers, json={"account": account, "kwh": OPENING_KWH})
