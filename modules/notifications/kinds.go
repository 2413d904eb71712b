package notifications

import "slices"

// The kinds of notifications.
const (
	kindCoursePublished = "course.published"
	kindAnnouncement    = "announcement"
	kindLessonAdded     = "lesson.added"
	kindCourseCompleted = "course.completed"
	kindRoleGranted     = "role.granted"
	kindMention         = "mention"
	kindNewSignIn       = "security.new_sign_in"
	kindPasswordChanged = "security.password_changed"
	// welcome is a mail only and can't be chosen.
	kindWelcome = "welcome"
)

// kind is a kind of notifications.
type kind struct {
	name string
	// template is that of the mail; "" if there is none.
	template string
	// locked says that the mail can't be switched off.
	locked bool
}

// kinds are all kinds, in the order in which preferences show them.
var kinds = []kind{
	{name: kindCoursePublished, template: "course_published"},
	{name: kindAnnouncement, template: "announcement"},
	{name: kindLessonAdded},
	{name: kindCourseCompleted, template: "course_completed"},
	{name: kindRoleGranted, template: "role_granted"},
	{name: kindMention},
	{name: kindNewSignIn, template: "new_sign_in", locked: true},
	{name: kindPasswordChanged, template: "password_changed", locked: true},
}

// findKind returns the kind with a name; ok is false if there is none.
func findKind(name string) (kind, bool) {
	if name == kindWelcome {
		return kind{name: kindWelcome, template: "welcome", locked: true}, true
	}
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

// defaultPreference returns the preference of an account that chose nothing.
func (k kind) defaultPreference(userID string) preference {
	return preference{UserID: userID, Kind: k.name, InApp: k.name != kindWelcome, Email: k.template != ""}
}
