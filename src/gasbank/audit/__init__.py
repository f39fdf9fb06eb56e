"""What an auditor asks about: who changed what when, and that nobody changed it since. Append-only, chained by hash."""
