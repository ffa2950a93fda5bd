"""One room: people, devices, rooms, memberships, messages, epochs, and the seams for what comes later."""

STATEMENTS = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE users (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, name_key TEXT UNIQUE, role TEXT NOT NULL, password TEXT, email TEXT,
        created_at INTEGER NOT NULL, last_seen INTEGER, muted_until INTEGER, banned_until INTEGER,
        reset_code BLOB, reset_until INTEGER) STRICT""",
    """CREATE TABLE devices (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, user TEXT NOT NULL REFERENCES users(id), name TEXT NOT NULL,
        created_at INTEGER NOT NULL, used_at INTEGER NOT NULL, owner_start INTEGER NOT NULL DEFAULT 0) STRICT""",
    "CREATE INDEX devices_user ON devices (user)",
    """CREATE TABLE rooms (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, topic TEXT NOT NULL DEFAULT '', kind TEXT NOT NULL,
        private INTEGER NOT NULL DEFAULT 0, rev INTEGER NOT NULL DEFAULT 0, first INTEGER NOT NULL DEFAULT 1,
        slow_mode INTEGER NOT NULL DEFAULT 0, created_at INTEGER NOT NULL) STRICT""",
    """CREATE TABLE memberships (
        room TEXT NOT NULL REFERENCES rooms(id), user TEXT NOT NULL REFERENCES users(id), role TEXT,
        since INTEGER NOT NULL, read INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (room, user)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX memberships_user ON memberships (user)",
    """CREATE TABLE messages (
        key INTEGER PRIMARY KEY, room TEXT NOT NULL, id INTEGER NOT NULL, rev INTEGER NOT NULL, author TEXT NOT NULL,
        kind TEXT NOT NULL, cid TEXT, body TEXT NOT NULL, mentions TEXT, reply_to INTEGER, sent_at INTEGER NOT NULL,
        edited_at INTEGER, deleted_at INTEGER, deleted_by TEXT, pinned_at INTEGER, pinned_by TEXT, reactions TEXT,
        event TEXT) STRICT""",
    "CREATE UNIQUE INDEX messages_id ON messages (room, id)",
    "CREATE UNIQUE INDEX messages_rev ON messages (room, rev)",
    "CREATE UNIQUE INDEX messages_cid ON messages (author, cid) WHERE cid IS NOT NULL",
    "CREATE INDEX messages_pinned ON messages (room, id) WHERE pinned_at IS NOT NULL",
    """CREATE TABLE mentions (
        user TEXT NOT NULL, room TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (user, room, id))
        STRICT, WITHOUT ROWID""",
    "CREATE INDEX mentions_message ON mentions (room, id)",
    """CREATE TABLE epochs (
        room TEXT NOT NULL, number INTEGER NOT NULL, epoch TEXT NOT NULL, first_rev INTEGER NOT NULL,
        started_at INTEGER NOT NULL, PRIMARY KEY (room, number)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX epochs_epoch ON epochs (epoch, room)",
    """CREATE TABLE jobs (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, payload TEXT NOT NULL, due_at INTEGER NOT NULL) STRICT""",
    """CREATE TABLE audit (
        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT, verb TEXT NOT NULL, target TEXT, room TEXT,
        message INTEGER, reason TEXT, until INTEGER) STRICT""",
    # The rowid of the text index is messages.key; 'indexed' in meta says how far the lazy batches came.
    """CREATE VIRTUAL TABLE search USING fts5 (
        body, content='messages', content_rowid='key', tokenize="unicode61 remove_diacritics 2")""",
    "INSERT INTO rooms (id, name, topic, kind, created_at) "
    "VALUES ('lobby', 'lobby', '', 'room', CAST(strftime('%s', 'now') AS INTEGER) * 1000)",
)
