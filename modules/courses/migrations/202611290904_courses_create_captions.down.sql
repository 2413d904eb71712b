-- Takes 202611290904_courses_create_captions back.
DROP TABLE lesson_captions;
ALTER TABLE lessons DROP COLUMN captions;
