// Package courses owns courses, lessons, enrollment and progress.
//
// Tables: courses, course_tags, lessons, enrollments, lesson_progress, course_progress.
// Tells: course.published, course.completed, lesson.added, enrollment.changed, audit entries.
// Hears: nothing. Asks: usersapi.Accounts; storageapi.Assets when storage is on.
// Answers: coursesapi.Reader, coursesapi.Enroller, storageapi.KeyUser, usersapi.Holder.
//
// Who may read what is one rule in access.go, in Go for one course and in SQL for lists.
package courses
