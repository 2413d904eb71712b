// Package learning is the learners' half of the module: enrollment, progress and completion.
//
//	enrollment.go  accounts become learners of a course and leave it
//	batch.go       managers enroll many accounts by their addresses
//	learners.go    managers list the learners of their course
//	progress.go    learners report how far they are, and read it
//	completion.go  learners who have completed a course, and what a deleted lesson takes with it
//	recompute.go   stored counts and sums are made right again
//	holdings.go    what the module holds about an account: export and erasure
//
// Transactions hold rows in one order, so that they never wait for each other in a circle: the
// course, the learner's rows in enrollment_starts and enrollments, their sums in course_progress,
// their rows in lesson_progress. docs/progress.md explains why.
package learning
