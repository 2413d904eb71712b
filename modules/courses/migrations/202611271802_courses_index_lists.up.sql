-- Lists of published courses, of the trash and of a learner are read from an index in their order.

CREATE INDEX courses_published_newest ON courses (created_at, id) WHERE deleted_at IS NULL AND status = 'published';
CREATE INDEX courses_published_title ON courses (folded_title, id) WHERE deleted_at IS NULL AND status = 'published';
CREATE INDEX courses_published_updated ON courses (updated_at, id) WHERE deleted_at IS NULL AND status = 'published';
CREATE INDEX courses_trash ON courses (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX enrollments_newest ON enrollments (user_id, created_at, course_id);
CREATE INDEX course_progress_latest ON course_progress (user_id, last_activity_at, course_id);
