"""Words that all capabilities share: gas days, parties, energy. No database, no network, no clock, no rules of one capability."""
