-- Takes 202611271801_courses_create_prerequisites back.
ALTER TABLE lesson_progress DROP COLUMN finished;
ALTER TABLE lesson_progress DROP COLUMN gained;
DROP TABLE lesson_prerequisites;
ALTER TABLE lessons DROP COLUMN available_after_days;
ALTER TABLE lessons DROP COLUMN available_from;
