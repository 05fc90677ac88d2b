-- One index of signals, one of events, each: what is stored, what is compared, what is read, where.
-- Times are microseconds since 1970, x y z a point on the unit sphere (the R-tree holds it in 32
-- bits), tile its Web Mercator tile at zoom 22, the column in the upper bits and the row in the
-- lower 22; topic and the like hold their values with a unit separator between.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE signals (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, event TEXT NOT NULL,
    time INTEGER NOT NULL, severity INTEGER NOT NULL, relevance REAL NOT NULL,
    x REAL, y REAL, z REAL, tile INTEGER,
    topic TEXT NOT NULL, source TEXT NOT NULL, lang TEXT NOT NULL, voice TEXT NOT NULL,
    place TEXT NOT NULL
);
CREATE INDEX signals_time ON signals (time, id);
CREATE INDEX signals_event ON signals (event);
CREATE INDEX signals_tile ON signals (tile);
CREATE INDEX signals_topic ON signals (topic);
CREATE TABLE signals_value (n INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE VIRTUAL TABLE signals_text USING fts5 (
    tokens, tokenize = "ascii tokenchars '_=~@'"
);
CREATE VIRTUAL TABLE signals_area USING rtree (n, x0, x1, y0, y1, z0, z1);

CREATE TABLE events (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, event TEXT NOT NULL,
    time INTEGER NOT NULL, first INTEGER NOT NULL, size INTEGER NOT NULL,
    severity INTEGER NOT NULL, certainty INTEGER NOT NULL,
    x REAL, y REAL, z REAL, tile INTEGER,
    topic TEXT NOT NULL, source TEXT NOT NULL, lang TEXT NOT NULL, phase TEXT NOT NULL,
    verdict TEXT NOT NULL, place TEXT NOT NULL
);
CREATE INDEX events_time ON events (time, id);
CREATE INDEX events_tile ON events (tile);
CREATE INDEX events_topic ON events (topic);
CREATE TABLE events_value (n INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE VIRTUAL TABLE events_text USING fts5 (
    tokens, tokenize = "ascii tokenchars '_=~@'"
);
CREATE VIRTUAL TABLE events_area USING rtree (n, x0, x1, y0, y1, z0, z1);

-- `code` is a vector in 8 bits a number for the first look, `exact` the vector itself.
CREATE TABLE vectors (n INTEGER PRIMARY KEY, revision INTEGER NOT NULL, code BLOB NOT NULL);
CREATE INDEX vectors_revision ON vectors (revision);
CREATE TABLE exact (n INTEGER PRIMARY KEY, vector BLOB NOT NULL);

-- What was taken away, so that an older change cannot bring it back.
CREATE TABLE gone (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL, n INTEGER, revision INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX gone_revision ON gone (revision);
