"""Who may do what only one process may do at a time: leases with fencing tokens, checked by the database that is written to."""
