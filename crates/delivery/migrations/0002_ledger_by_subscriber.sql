-- One subscriber's calls, newest first, however many others have; the outcome
-- is in it to count his notifications of the last hour.
DROP INDEX ledger_notifications;
CREATE INDEX ledger_by_subscriber ON ledger (subscriber, ended, outcome);
