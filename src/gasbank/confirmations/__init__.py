"""What the bank tells its customers: one signed document per message and party, numbered, kept, sent and archived."""
