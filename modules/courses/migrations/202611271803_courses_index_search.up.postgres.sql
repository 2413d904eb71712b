-- Substrings of three characters and more are found by an index of trigrams on both databases. That
-- of SQLite stands beside a table with a number for each course, as its own row numbers may change.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX courses_search ON courses USING gin (search_text gin_trgm_ops);
