-- The ledger: inbox, truth and what was seen. Row numbers are never reused (AUTOINCREMENT).
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    origin TEXT NOT NULL,
    kind TEXT NOT NULL,
    what BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS signals (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    arrived INTEGER NOT NULL,
    event TEXT NOT NULL,
    source TEXT NOT NULL,
    author TEXT NOT NULL,
    repost_of TEXT NOT NULL,
    collected TEXT NOT NULL,
    hold INTEGER NOT NULL,
    sources BLOB NOT NULL,
    post BLOB NOT NULL,
    enrichment BLOB NOT NULL,
    vector BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS signals_seq ON signals (seq);
CREATE INDEX IF NOT EXISTS signals_event ON signals (event, arrived);
CREATE INDEX IF NOT EXISTS signals_author ON signals (author) WHERE author != '';
CREATE INDEX IF NOT EXISTS signals_repost ON signals (repost_of) WHERE repost_of != '';
CREATE INDEX IF NOT EXISTS signals_collected ON signals (collected);
CREATE INDEX IF NOT EXISTS signals_source ON signals (source, collected);
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    phase TEXT NOT NULL,
    value BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_seq ON events (seq);
CREATE INDEX IF NOT EXISTS events_open ON events (id) WHERE phase != 'closed';
CREATE TABLE IF NOT EXISTS gone (id TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS gone_seq ON gone (seq);
CREATE TABLE IF NOT EXISTS decided (
    seq INTEGER PRIMARY KEY,
    event TEXT NOT NULL,
    value BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS decided_event ON decided (event);
CREATE TABLE IF NOT EXISTS positions (follower TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (source TEXT PRIMARY KEY, marks BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
    post TEXT NOT NULL,
    source TEXT NOT NULL,
    digest TEXT NOT NULL,
    first INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (post, source)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_at ON seen (at);
CREATE TABLE IF NOT EXISTS tombstones (hash TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dropped (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    author TEXT NOT NULL,
    repost_of TEXT NOT NULL,
    at TEXT NOT NULL,
    value BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dropped_repost ON dropped (repost_of) WHERE repost_of != '';
CREATE INDEX IF NOT EXISTS dropped_author ON dropped (author) WHERE author != '';
CREATE INDEX IF NOT EXISTS dropped_at ON dropped (at);
CREATE TABLE IF NOT EXISTS dead (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    author TEXT NOT NULL,
    source TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS activity (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    value BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS counts (
    source TEXT NOT NULL,
    hour TEXT NOT NULL,
    accepted INTEGER NOT NULL DEFAULT 0,
    kept INTEGER NOT NULL DEFAULT 0,
    dropped INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, hour)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS health (source TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
