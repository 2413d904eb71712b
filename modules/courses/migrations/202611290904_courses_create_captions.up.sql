-- A lesson shows its captions from its own row; the table finds the lesson of a file.

ALTER TABLE lessons ADD COLUMN captions text NOT NULL DEFAULT '[]';

CREATE TABLE lesson_captions (
	lesson_id {uuid} NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
	asset_key {bin} NOT NULL,
	PRIMARY KEY (asset_key, lesson_id)
);

CREATE INDEX lesson_captions_lesson ON lesson_captions (lesson_id);
