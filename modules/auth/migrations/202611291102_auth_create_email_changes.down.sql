-- Takes 202611291102_auth_create_email_changes back.
CREATE INDEX auth_sessions_device ON auth_sessions (user_id, network, user_agent);
DROP TABLE auth_email_changes;
