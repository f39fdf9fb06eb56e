-- Every capability may show its token; only the leader's own role sees or changes a lease.
GRANT USAGE ON SCHEMA leader TO gasbank_ledger, gasbank_nominations, gasbank_plant, gasbank_confirmations, gasbank_statements;
