"""Plans: experimental procedures as generators of messages."""
