// Package access holds the three rules that decide what a caller may do in a course, each once:
//
//   - read.go: who may read a course. Its SQL form for lists is in store_read.go.
//   - lock.go: whether a lesson is locked. Its SQL form for single statements is in store_lock.go.
//   - manage.go: who may change a course and see its learners: its owner and administrators (CanManage
//     in read.go), and of them those whose role is at least instructor. The routes ask for
//     PermissionWrite, which is the same role; the rule asks again, so that it does not depend on the
//     route. An owner who is no longer an instructor may still read the course, but not change it.
//
// rules_test.go compares both forms of the first two rules on both databases.
//
// Code outside of this package adds two parts. Nobody may read a course in the trash, but its owner
// and administrators may list it (addStatus in catalog/store_list.go) and restore it (restoreCourse
// in courses/trash.go): both take CanManage alone, without the role. And checkCaller in
// catalog/list.go refuses lists of courses by their visibility and status before Readable is asked:
// to callers who are not signed in, and a list of courses for members to callers who are not
// members, although they may read those that they are enrolled in.
//
// Service applies the rules: it finds courses and lessons for the caller of a request, and holds
// courses for the accounts that may change them. Locked is a word for lessons here. A row that no
// other transaction can change until this one ends is held (SELECT FOR UPDATE), or shared (FOR KEY
// SHARE) if others may share it, too.
package access
