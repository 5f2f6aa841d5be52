-- When the subscriber heard a voice mail; it is new until then. Of what was
-- filed before this column came nobody has said that it was heard.
ALTER TABLE ledger ADD COLUMN seen_at INTEGER;
-- One subscriber's voice mails are counted in the index alone.
CREATE INDEX ledger_waiting ON ledger (subscriber, seen_at) WHERE outcome = 'voice-mail';
-- Who heard something since a moment.
CREATE INDEX ledger_seen ON ledger (seen_at, subscriber) WHERE seen_at IS NOT NULL;
