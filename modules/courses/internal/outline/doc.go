// Package outline keeps in memory what is the same for every reader of a course: the course and its
// lessons, without their contents. So a reader who is not signed in costs no query.
//
//	a store writes ─▶ DropAfterCommit ─▶ commit ─▶ signal ─▶ every replica drops the outline
//
// The stores that write courses and lessons call DropAfterCommit. The replica that commits shows the
// change with its next answer, the others when they hear the signal: within a second. While a replica
// knows that it may miss signals, its copies live for half a second. A signal that is lost unnoticed, as
// with a process that is killed between its commit and the signal, is made up for after maxAge.
//
// An outline only ever answers questions. What a change depends on is read in its transaction, where Find
// passes the memory by.
package outline
