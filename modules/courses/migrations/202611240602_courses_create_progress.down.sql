-- Takes 202611240602_courses_create_progress back.
DROP TABLE course_progress;
DROP TABLE lesson_progress;
DROP TABLE enrollments;
