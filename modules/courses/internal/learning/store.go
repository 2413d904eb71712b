package learning

import "lyceum/platform/db"

// store reads and writes enrollments and progress.
type store struct{ db *db.DB }

// rowsAtOnce is how many rows a function reads with one query if it needs all of them.
const rowsAtOnce = 500

// progressColumns are the fields of course.Progress, of course_progress p.
const progressColumns = "p.percent_sum, p.completed_lessons, p.completed_at, p.last_activity_at"
