-- A link that was used is told from a wrong one for as long as it would have lived.
ALTER TABLE auth_links ADD COLUMN used_at bigint;
