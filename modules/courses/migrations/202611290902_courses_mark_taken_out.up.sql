-- A learner whom a manager has removed is not enrolled again by a report of progress.

ALTER TABLE enrollment_starts ADD COLUMN taken_out {bool} NOT NULL DEFAULT FALSE;
