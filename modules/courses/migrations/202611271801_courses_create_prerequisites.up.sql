-- Lessons may wait for other lessons, for a day, and for days after the enrollment. gained and
-- finished keep what the last report added to the sums: they let one statement write both.

ALTER TABLE lessons ADD COLUMN available_from bigint;
ALTER TABLE lessons ADD COLUMN available_after_days bigint CHECK (available_after_days BETWEEN 0 AND 36500);

CREATE TABLE lesson_prerequisites (
	lesson_id {uuid} NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
	prerequisite_id {uuid} NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
	course_id {uuid} NOT NULL,
	PRIMARY KEY (lesson_id, prerequisite_id)
);

CREATE INDEX lesson_prerequisites_of ON lesson_prerequisites (prerequisite_id);
CREATE INDEX lesson_prerequisites_course ON lesson_prerequisites (course_id);
ALTER TABLE lesson_progress ADD COLUMN gained integer NOT NULL DEFAULT 0;
ALTER TABLE lesson_progress ADD COLUMN finished integer NOT NULL DEFAULT 0;
