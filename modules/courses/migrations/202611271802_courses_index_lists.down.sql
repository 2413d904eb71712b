-- Takes 202611271802_courses_index_lists back.
DROP INDEX course_progress_latest;
DROP INDEX enrollments_newest;
DROP INDEX courses_trash;
DROP INDEX courses_published_updated;
DROP INDEX courses_published_title;
DROP INDEX courses_published_newest;
