-- Takes 202611270201_auth_create_factors back.
DROP INDEX auth_sessions_device;
DROP TABLE auth_failures;
DROP TABLE auth_challenges;
DROP TABLE auth_recovery_codes;
DROP TABLE auth_factors;
