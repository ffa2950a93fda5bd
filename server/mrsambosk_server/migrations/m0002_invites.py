"""Personal invites: codes that end, for one person or several, and who came by which."""

STATEMENTS = (
    """CREATE TABLE invites (
        id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE, made_by TEXT REFERENCES users(id), made_at INTEGER NOT NULL,
        single_use INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER) STRICT""",
    """CREATE TABLE invite_uses (
        invite TEXT NOT NULL REFERENCES invites(id), user TEXT NOT NULL REFERENCES users(id), used_at INTEGER NOT NULL,
        PRIMARY KEY (invite, user)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX invite_uses_user ON invite_uses (user)",
)
