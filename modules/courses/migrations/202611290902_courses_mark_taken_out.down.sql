-- Takes 202611290902_courses_mark_taken_out back.
ALTER TABLE enrollment_starts DROP COLUMN taken_out;
