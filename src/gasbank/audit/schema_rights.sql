-- The auditor reads the journal and changes nothing; every capability may say what happened, and read none of it.
GRANT USAGE ON SCHEMA ledger TO gasbank_audit;
GRANT SELECT ON ledger.journal, ledger.entries TO gasbank_audit;
REVOKE UPDATE, DELETE, TRUNCATE ON audit.events, audit.chain FROM gasbank_audit;
GRANT USAGE ON SCHEMA audit TO gasbank_leader, gasbank_ledger, gasbank_nominations, gasbank_plant, gasbank_confirmations, gasbank_statements, gasbank_archive;
GRANT INSERT ON audit.events TO gasbank_leader, gasbank_ledger, gasbank_nominations, gasbank_plant, gasbank_confirmations, gasbank_statements, gasbank_archive;
GRANT USAGE ON SEQUENCE audit.events_position_seq TO gasbank_leader, gasbank_ledger, gasbank_nominations, gasbank_plant, gasbank_confirmations, gasbank_statements, gasbank_archive;
-- It sees how messages, confirmations, flows, archive and leases fare, and what of them is on its way.
GRANT USAGE ON SCHEMA leader, nominations, plant, confirmations, statements, archive TO gasbank_audit;
GRANT SELECT ON ledger.accounts, leader.leases, leader.acts, plant.instructions, plant.meter, confirmations.messages, archive.manifest TO gasbank_audit;
GRANT SELECT ON ledger.outbox, nominations.outbox, plant.outbox, confirmations.outbox, statements.outbox TO gasbank_audit;
GRANT SELECT ON ledger.inbox, nominations.inbox, plant.inbox, confirmations.inbox, statements.inbox TO gasbank_audit;
GRANT SELECT ON ledger.inbox_lines, nominations.inbox_lines, plant.inbox_lines, confirmations.inbox_lines, statements.inbox_lines TO gasbank_audit;
