package learning

import "lyceum/platform/db"

// store reads and writes enrollments and progress.
type store struct{ db *db.DB }

// progressColumns are the fields of course.Progress, of course_progress p.
const progressColumns = "p.percent_sum, p.completed_lessons, p.completed_at, p.last_activity_at"
