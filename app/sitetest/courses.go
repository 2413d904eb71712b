package sitetest

import (
	"slices"
	"strings"
)

// Roles are the roles of callers, the lowest first.
var Roles = []string{"anonymous", "user", "member", "instructor", "admin"}

// RankOf returns the place of a role among Roles.
func RankOf(role string) int { return slices.Index(Roles, role) }

// Account is an account with its access token, or nobody.
type Account struct{ Role, ID, Email, Token string }

// NewQuietAccount registers an account with a role that gets no mails about courses: its notifications
// in the app can be counted all the same.
func (s *Site) NewQuietAccount(name, role, admin string) Account {
	s.T.Helper()
	email, id, token := s.NewAccount(name)
	if RankOf(role) > RankOf("user") {
		s.SetRole(admin, id, role)
	}
	s.Want(200, "PUT", "/notifications/preferences", token, `{"items":[
		{"kind":"course.completed","in_app":true,"email":false},
		{"kind":"course.published","in_app":false,"email":false},
		{"kind":"lesson.added","in_app":false,"email":false}]}`)
	return Account{role, id, email, token}
}

// CountCompletions returns how often an account was notified that it has completed a course, by the
// course's path.
func (s *Site) CountCompletions(token string) map[string]int {
	s.T.Helper()
	counts := map[string]int{}
	for _, item := range s.ListAll("/notifications?", token) {
		if item.Text("kind") == "course.completed" {
			counts[strings.TrimPrefix(item.Text("link"), "/#")]++
		}
	}
	return counts
}
