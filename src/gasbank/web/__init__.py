"""The bank over HTTP: JSON in, JSON or application/problem+json out. Nothing is decided here."""
