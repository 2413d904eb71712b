// Package access holds the two rules that decide what a caller finds in a course, each once:
//
//   - read.go: who may read a course. Its SQL form for lists is in store_read.go.
//   - lock.go: whether a lesson is locked. Its SQL form for single statements is in store_lock.go.
//
// rules_test.go compares both forms of each rule on both databases.
//
// Service applies the rules: it finds courses and lessons for the caller of a request, and locks
// courses for the accounts that may change them.
package access
