"""What is asked all through a drill stays cheap as the history grows: it goes by an index to what it needs."""

import asyncio
import re
from collections.abc import Iterator

import psycopg
import pytest
from unit.gasbank.stand import Cluster, environment, running_cluster

from gasbank.audit import told
from gasbank.confirmations import web
from gasbank.migrate import migrate
from gasbank.settings import settings

HISTORY = """SET session_replication_role = replica;
    INSERT INTO ledger.accounts (account, name) VALUES ('alice', 'Alice'), ('bob', 'Bob');
    INSERT INTO ledger.journal (version, id, key, kind, posted_at)
    SELECT n, gen_random_uuid(), 'k' || n, 'transfer', now() FROM generate_series(1, 3000) n;
    INSERT INTO ledger.entries (version, account, sequence, kwh, balance_kwh)
    SELECT n, account, n, 1, 0 FROM generate_series(1, 3000) n, (VALUES ('alice'), ('bob')) AS a (account);
    INSERT INTO confirmations.messages (id, version, party, sequence, kind, subject, gas_day, hash, document, issued_at)
    SELECT gen_random_uuid(), 1, party, n, 'booking', 'booking k' || n, '2026-11-23', '', '{}', now()
    FROM generate_series(1, 3000) n, (VALUES ('alice'), ('bob')) AS p (party);
    ANALYZE"""
QUESTIONS = {
    "told": (told.TOLD, {}, r"party = .* AND \(subject = "),
    "confirmations about one thing": (
        web.ABOUT,
        {"party": "'alice'", "after": "0", "subject": "'booking k7'", "limit": "100"},
        r"party = .* AND \(subject = ",
    ),
}


@pytest.fixture(scope="module")
def history() -> Iterator[tuple[Cluster, str]]:
    with running_cluster() as cluster:
        database = cluster.database()
        asyncio.run(migrate(settings(environment(cluster, database, cluster.port, cluster.port, 1))))
        cluster.execute(database, HISTORY)
        yield cluster, database


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_of_a_drill_goes_by_its_index(history: tuple[Cluster, str], name: str) -> None:
    """The planner finds it for a question whose values it does not know, as it is prepared for a pool."""
    (cluster, database), (question, values, condition) = history, QUESTIONS[name]
    asked = str(question)
    for number, value in enumerate(values, 1):
        asked = re.sub(rf"(?<!:):{value}\b", f"${number}", asked)
    given = f"({', '.join(values.values())})" if values else ""
    with psycopg.connect(cluster.address(database), prepare_threshold=None) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(f"PREPARE asked AS {asked}".encode())
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN EXECUTE asked{given}".encode()))
    assert re.search(rf"Index Cond: .*{condition}", plan), plan
