-- Takes 202611271803_courses_index_search back.
DROP TRIGGER courses_search_delete;
DROP TRIGGER courses_search_update;
DROP TRIGGER courses_search_insert;
DROP TABLE course_search;
DROP TABLE course_search_texts;
