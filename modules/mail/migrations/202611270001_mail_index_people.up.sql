-- The mails of an account are exported and erased with it.
CREATE INDEX mail_messages_of_user ON mail_messages (user_id, id);
CREATE INDEX mail_messages_to ON mail_messages (recipient);
