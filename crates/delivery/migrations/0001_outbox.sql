-- The journal and outbox. Times are milliseconds since 1970-01-01T00:00:00Z.

-- Calls that were answered and have not ended: what a crash cut off.
CREATE TABLE open_call (
    id   TEXT PRIMARY KEY NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;

-- One row for each end of a call and for each report.
CREATE TABLE ledger (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    subscriber TEXT NOT NULL,      -- lower case; empty when nobody we know
    caller     TEXT NOT NULL,      -- raw caller id; empty when withheld
    called     TEXT NOT NULL,
    ear        TEXT NOT NULL,
    stage      INTEGER NOT NULL,
    outcome    TEXT NOT NULL,      -- voice-mail, missed-call, silent
    why        TEXT NOT NULL,
    status     INTEGER,            -- SIP status of why = refused
    received   INTEGER NOT NULL,
    ended      INTEGER NOT NULL,
    told_by    TEXT,               -- the record whose mail tells of this call
    recording  TEXT,
    duration   INTEGER,
    released   INTEGER,            -- when the recording was given up for deletion
    body       TEXT NOT NULL,
    identity   TEXT
);
CREATE INDEX ledger_by_end ON ledger (ended);
CREATE INDEX ledger_notifications ON ledger (subscriber, ended) WHERE outcome = 'missed-call';
CREATE INDEX ledger_recordings ON ledger (ended) WHERE recording IS NOT NULL AND released IS NULL;
CREATE INDEX ledger_released ON ledger (released) WHERE released IS NOT NULL;

-- By what a call may be recognised when another ear hears of it.
CREATE TABLE heard_identifier (
    subscriber TEXT NOT NULL,
    identifier TEXT NOT NULL,
    at         INTEGER NOT NULL,
    record     TEXT NOT NULL,
    PRIMARY KEY (subscriber, identifier, record)
) WITHOUT ROWID;
CREATE INDEX heard_identifier_by_time ON heard_identifier (at);
CREATE TABLE heard_party (
    subscriber TEXT NOT NULL,
    caller     TEXT NOT NULL,
    ear        TEXT NOT NULL,
    at         INTEGER NOT NULL,
    record     TEXT NOT NULL,
    PRIMARY KEY (subscriber, ear, at, record)
) WITHOUT ROWID;
CREATE INDEX heard_party_by_time ON heard_party (at);

-- Reports of calls that are still live; they wait for the end of the call.
CREATE TABLE held (
    id      TEXT PRIMARY KEY NOT NULL,
    live    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    why     TEXT NOT NULL,
    status  INTEGER,
    body    TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX held_by_call ON held (live);

-- One row for each mail: narrow, since it is what is claimed.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    record       TEXT NOT NULL REFERENCES ledger (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,    -- telling, return
    recipient    TEXT NOT NULL,    -- of a return: who refused the mail
    state        TEXT NOT NULL,    -- queued, delivered, returned, withdrawn, dead
    attempts     INTEGER NOT NULL DEFAULT 0,
    created      INTEGER NOT NULL,
    first_at     INTEGER,          -- the first attempt: from here the days are counted
    next_at      INTEGER NOT NULL,
    leased_until INTEGER,
    settled_at   INTEGER,
    reason       TEXT,             -- what the mail system said last
    refusal      TEXT,             -- of a return: why the mail was refused
    tried        INTEGER,          -- of a return: attempts that the refused mail had
    UNIQUE (record, kind, recipient)
);
CREATE INDEX outbox_due ON outbox (next_at) WHERE state = 'queued' AND leased_until IS NULL;
CREATE INDEX outbox_leased ON outbox (leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX outbox_unsettled ON outbox (state, created) WHERE state IN ('queued', 'returned', 'dead');

-- Written to find out whether a disk that was full takes commits again; large
-- enough that the last free page is no answer.
CREATE TABLE probe (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    at   INTEGER NOT NULL,
    body BLOB NOT NULL
);
