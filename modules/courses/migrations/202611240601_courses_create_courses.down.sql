-- Takes 202611240601_courses_create_courses back.
DROP TABLE lessons;
DROP TABLE course_tags;
DROP TABLE courses;
