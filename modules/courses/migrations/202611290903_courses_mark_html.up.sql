-- HTML of another version of the renderer is rendered again when it is read; 0 is HTML from before
-- versions.

ALTER TABLE lessons ADD COLUMN html_version integer NOT NULL DEFAULT 0;
