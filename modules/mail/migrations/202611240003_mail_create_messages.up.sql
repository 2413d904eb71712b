-- A mail is a row until it is delivered, so that no commit is lost when the queue or the mail
-- server is.

CREATE TABLE mail_messages (
	id {uuid} PRIMARY KEY,
	kind text NOT NULL,
	user_id {uuid},
	recipient text NOT NULL,
	subject text NOT NULL,
	sealed {bytes},
	status text NOT NULL,
	attempts integer NOT NULL DEFAULT 0,
	next_at bigint NOT NULL,
	last_error text NOT NULL DEFAULT '',
	created_at bigint NOT NULL,
	sent_at bigint
);
CREATE INDEX mail_messages_due ON mail_messages (next_at) WHERE status = 'queued';
CREATE INDEX mail_messages_newest ON mail_messages (created_at, id);
