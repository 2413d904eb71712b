-- What sends a mail continues the trace of the request that queued it. Mails of an earlier version have no cause.
ALTER TABLE mail_messages ADD COLUMN traceparent text;
ALTER TABLE mail_messages ADD COLUMN request_id text;
