-- Beyond its own schema the ledger owns what its readers ask; what was posted stays: not even the bank may change it.
GRANT USAGE ON SCHEMA ledger_read TO gasbank_ledger;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ledger_read TO gasbank_ledger;
REVOKE UPDATE, DELETE, TRUNCATE ON ledger.journal, ledger.entries FROM gasbank_ledger;
REVOKE UPDATE, DELETE, TRUNCATE ON ledger.commands FROM gasbank_ledger;
