-- Takes 202611240101_users_create_users back.
DROP TABLE users;
