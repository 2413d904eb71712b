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
// Rows are locked in one order, so that nothing waits for each other: the course, the learner's sums
// in course_progress, the learner's rows in lesson_progress. docs/progress.md explains why.
package learning
