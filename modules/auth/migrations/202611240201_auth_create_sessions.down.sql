-- Takes 202611240201_auth_create_sessions back.
DROP TABLE auth_links;
DROP TABLE auth_sessions;
DROP TABLE auth_credentials;
