-- The auditor reads the journal and changes nothing; every capability may say what happened, and read none of it.
GRANT USAGE ON SCHEMA ledger TO gasbank_audit;
GRANT SELECT ON ledger.journal, ledger.entries TO gasbank_audit;
REVOKE UPDATE, DELETE, TRUNCATE ON audit.events, audit.chain FROM gasbank_audit;
GRANT USAGE ON SCHEMA audit TO gasbank_leader, gasbank_ledger, gasbank_nominations, gasbank_plant, gasbank_confirmations, gasbank_statements, gasbank_archive;
GRANT INSERT ON audit.events TO gasbank_leader, gasbank_ledger, gasbank_nominations, gasbank_plant, gasbank_confirmations, gasbank_statements, gasbank_archive;
GRANT USAGE ON SEQUENCE audit.events_position_seq TO gasbank_leader, gasbank_ledger, gasbank_nominations, gasbank_plant, gasbank_confirmations, gasbank_statements, gasbank_archive;
