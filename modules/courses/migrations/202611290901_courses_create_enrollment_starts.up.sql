-- The first enrollment of an account in a course outlives the enrollment: days count from there.

CREATE TABLE enrollment_starts (
	course_id {uuid} NOT NULL REFERENCES courses (id) ON DELETE CASCADE,
	user_id {uuid} NOT NULL,
	started_at bigint NOT NULL,
	PRIMARY KEY (user_id, course_id)
);

CREATE INDEX enrollment_starts_course ON enrollment_starts (course_id);
INSERT INTO enrollment_starts (course_id, user_id, started_at) SELECT course_id, user_id, created_at FROM enrollments;
