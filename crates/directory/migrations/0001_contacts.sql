-- Contacts belong to one subscriber each (user part, lower case). Numbers and
-- addresses repeat the subscriber so that one index answers a lookup.

CREATE TABLE contact (
    id         INTEGER PRIMARY KEY,
    subscriber TEXT NOT NULL,
    uid        TEXT,             -- UID of the vCard, where it has one
    same_as    TEXT NOT NULL,    -- name and numbers: who it is without a UID
    name       TEXT NOT NULL,
    title      TEXT,
    company    TEXT,
    mail       TEXT,
    im         TEXT
) STRICT;

CREATE UNIQUE INDEX contact_by_uid ON contact (subscriber, uid) WHERE uid IS NOT NULL;
CREATE INDEX contact_by_same_as ON contact (subscriber, same_as);

CREATE TABLE number (
    contact    INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
    subscriber TEXT NOT NULL,
    position   INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('work', 'mobile', 'home', 'other')),
    spelling   TEXT NOT NULL,
    e164       TEXT,             -- by the dial plan at the time of the import
    digits     TEXT NOT NULL,    -- without the extension
    extension  TEXT,
    PRIMARY KEY (contact, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX number_by_e164 ON number (subscriber, e164) WHERE e164 IS NOT NULL;
CREATE INDEX number_by_extension ON number (subscriber, extension) WHERE extension IS NOT NULL;
-- The last digits find what the dial plan reads otherwise today than at the import.
CREATE INDEX number_by_tail ON number (subscriber, substr(digits, -7));

CREATE TABLE address (
    contact    INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
    subscriber TEXT NOT NULL,
    address    TEXT NOT NULL,    -- user@host in lower case, mail or SIP
    PRIMARY KEY (contact, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX address_by_address ON address (subscriber, address);
