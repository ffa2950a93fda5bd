"""What the app keeps on disk: a replica of rooms, the outbox, known hosts, tokens. One thread touches SQLite."""
