// Package courses owns courses, lessons, enrollment and progress.
//
// Tables: courses, course_tags, lessons, lesson_prerequisites, lesson_captions, enrollments, enrollment_starts, lesson_progress,
// course_progress; on SQLite course_search and course_search_texts beside them.
// Tells: course.published, course.completed, course.deleted, lesson.added, enrollment.changed, audit entries.
// Hears: nothing. Asks: usersapi.Accounts; storageapi.Assets, Library and Intake when storage is on.
// Answers: coursesapi.Reader, coursesapi.Enroller, storageapi.KeyUser, usersapi.Holder.
//
// Who may read what is one rule in access.go, in Go for one course and in SQL for lists. What keeps a learner out of a
// lesson is one in lock.go, and in SQL beside the other.
//
// A change of a course or its lessons holds the course's row; a report of progress shares it. So sums and completions are
// those of lessons that are there, whatever comes at once.
//
// A course leaves and comes back as a zip (archive*.go): what an import is made of is checked, rendered and staged
// outside every transaction, then one makes all of it.
package courses
