"""What a namespace keeps and promises: entities, messages, locks, a journal on disk. It knows no network."""
