// Package outline keeps in memory what is the same for every reader of a course: the course and its
// lessons, without their contents. So a reader who is not signed in costs no query, and a learner only
// the one for enrollment and progress.
//
//	store.holdCourse ─▶ DropAfterCommit ─▶ commit ─▶ signal ─▶ every replica drops the outline
//
// Whoever changes a course or its lessons holds the course first, so that one call covers every change.
// The replica that commits shows the change with its next answer, the others when they hear the signal:
// within a second, or half a second after each load while signals may be missed. Package cache keeps
// the bounds.
//
// An outline only ever answers questions. What a change depends on is read in its transaction, where Find
// passes the memory by.
package outline
