-- Substrings of three characters and more are found by an index of trigrams on both databases. That
-- of SQLite stands beside a table with a number for each course, as its own row numbers may change.

CREATE TABLE course_search_texts (
	n integer PRIMARY KEY,
	course_id text NOT NULL UNIQUE,
	search_text text NOT NULL
);

CREATE VIRTUAL TABLE course_search USING fts5 (search_text, content='course_search_texts', content_rowid='n', tokenize='trigram case_sensitive 1');

CREATE TRIGGER course_search_insert AFTER INSERT ON course_search_texts BEGIN
	INSERT INTO course_search (rowid, search_text) VALUES (new.n, new.search_text);
END;

CREATE TRIGGER course_search_delete AFTER DELETE ON course_search_texts BEGIN
	INSERT INTO course_search (course_search, rowid, search_text) VALUES ('delete', old.n, old.search_text);
END;

CREATE TRIGGER course_search_update AFTER UPDATE ON course_search_texts BEGIN
	INSERT INTO course_search (course_search, rowid, search_text) VALUES ('delete', old.n, old.search_text);
	INSERT INTO course_search (rowid, search_text) VALUES (new.n, new.search_text);
END;

CREATE TRIGGER courses_search_insert AFTER INSERT ON courses BEGIN
	INSERT INTO course_search_texts (course_id, search_text) VALUES (new.id, new.search_text);
END;

CREATE TRIGGER courses_search_update AFTER UPDATE OF search_text ON courses WHEN new.search_text <> old.search_text BEGIN
	UPDATE course_search_texts SET search_text = new.search_text WHERE course_id = new.id;
END;

CREATE TRIGGER courses_search_delete AFTER DELETE ON courses BEGIN
	DELETE FROM course_search_texts WHERE course_id = old.id;
END;

INSERT INTO course_search_texts (course_id, search_text) SELECT id, search_text FROM courses;
