-- A broken chain must not stop every later change: the head keeps marks of breaks, goes back
-- only together with such a mark, may be sealed while the log is empty, and entries go on
-- behind it where the table has lost its end.
ALTER TABLE audit_head ADD COLUMN breaks text NOT NULL DEFAULT '';
