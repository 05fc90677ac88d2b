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
    origin TEXT NOT NULL DEFAULT 'live',
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
CREATE TABLE IF NOT EXISTS anew (
    arrived INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    author TEXT NOT NULL,
    seq INTEGER NOT NULL,
    recipe TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    enrichment BLOB NOT NULL,
    vector BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS anew_author ON anew (author) WHERE author != '';
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
CREATE TABLE IF NOT EXISTS subscriptions (
    id TEXT PRIMARY KEY,
    recipient TEXT NOT NULL,
    maker TEXT NOT NULL,
    state TEXT NOT NULL,
    value BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS subscriptions_recipient ON subscriptions (recipient);
CREATE INDEX IF NOT EXISTS subscriptions_maker ON subscriptions (maker);
CREATE TABLE IF NOT EXISTS asked (who TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS asked_who ON asked (who, at);
CREATE TABLE IF NOT EXISTS due (
    subscription TEXT NOT NULL,
    event TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (subscription, event)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS due_event ON due (event);
CREATE TABLE IF NOT EXISTS told (
    number INTEGER PRIMARY KEY,
    subscription TEXT NOT NULL,
    event TEXT NOT NULL,
    message TEXT NOT NULL,
    at TEXT NOT NULL,
    value BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS told_event ON told (event, subscription);
CREATE INDEX IF NOT EXISTS told_message ON told (message);
CREATE INDEX IF NOT EXISTS told_subscription ON told (subscription, at);
CREATE TABLE IF NOT EXISTS matched (
    subscription TEXT NOT NULL,
    day TEXT NOT NULL,
    events INTEGER NOT NULL,
    PRIMARY KEY (subscription, day)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    subscription TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    made TEXT NOT NULL,
    again TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    repeats INTEGER NOT NULL DEFAULT 0,
    said TEXT NOT NULL DEFAULT '',
    payload BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (channel, tries, number) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS outbox_begun ON outbox (channel) WHERE state = 'begun';
CREATE INDEX IF NOT EXISTS outbox_subscription ON outbox (subscription, made);
CREATE TABLE IF NOT EXISTS quoted (post TEXT NOT NULL, message INTEGER NOT NULL, PRIMARY KEY (post, message)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS quoted_message ON quoted (message);
