"""How capabilities speak to each other: an outbox and an inbox per capability, in its own schema."""
