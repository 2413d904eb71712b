-- Takes 202611271803_courses_index_search back.
DROP INDEX courses_search;
