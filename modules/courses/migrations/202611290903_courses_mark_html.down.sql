-- Takes 202611290903_courses_mark_html back.
ALTER TABLE lessons DROP COLUMN html_version;
