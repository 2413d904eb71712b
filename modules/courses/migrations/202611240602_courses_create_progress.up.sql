-- Who learns in which course and how far. The sums of course_progress save lists from counting lessons.

CREATE TABLE enrollments (
	course_id {uuid} NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
	user_id {uuid} NOT NULL,
	created_at bigint NOT NULL,
	PRIMARY KEY (user_id, course_id)
);

CREATE INDEX enrollments_course ON enrollments (course_id, created_at, user_id);

CREATE TABLE lesson_progress (
	user_id {uuid} NOT NULL,
	lesson_id {uuid} NOT NULL REFERENCES lessons (id) ON DELETE CASCADE,
	course_id {uuid} NOT NULL,
	percent integer NOT NULL CHECK (percent BETWEEN 0 AND 100),
	position_seconds integer NOT NULL,
	completed_at bigint,
	updated_at bigint NOT NULL,
	PRIMARY KEY (user_id, lesson_id)
);

CREATE INDEX lesson_progress_course ON lesson_progress (user_id, course_id);
CREATE INDEX lesson_progress_lesson ON lesson_progress (lesson_id);

CREATE TABLE course_progress (
	user_id {uuid} NOT NULL,
	course_id {uuid} NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
	percent_sum integer NOT NULL CHECK (percent_sum >= 0),
	completed_lessons integer NOT NULL CHECK (completed_lessons >= 0),
	completed_at bigint,
	last_activity_at bigint NOT NULL,
	PRIMARY KEY (user_id, course_id)
);

CREATE INDEX course_progress_course ON course_progress (course_id);
