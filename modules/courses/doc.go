// Package courses owns courses, lessons, enrollment and progress.
//
// Tables: courses, course_tags, lessons, lesson_prerequisites, lesson_captions, enrollments,
// enrollment_starts, lesson_progress, course_progress; on SQLite also course_search and
// course_search_texts.
//
// Events out: course.published, course.completed, course.deleted, lesson.added, enrollment.changed
// and audit entries. Events in: none.
//
// It asks usersapi.Accounts, and storageapi.KeyChecker, FileReader and FileImporter if storage is on.
// It answers coursesapi.Reader, coursesapi.Enroller, storageapi.KeyReferrer and usersapi.Holder.
//
// The packages of the module, the lower ones first:
//
//	internal/course    the model: courses, lessons, captions, clean texts, Markdown, errors
//	internal/access    who may read and change a course, and which lessons are locked
//	internal/learning  enrollment, progress, completion (docs/progress.md)
//	internal/catalog   what callers read: lists, details, lessons
//	internal/archive   export and import (docs/archives.md)
//	courses            authoring: courses and lessons are created, changed, cloned and deleted
//	internal/coursetest  a database with fixtures, for tests of the inner packages
//	coursesapi         what other modules may ask and hear
//
// A change of a course or its lessons holds the row of the course, and a report of progress shares
// it. So sums and completions are those of the lessons that exist, whatever happens at the same
// time.
package courses
