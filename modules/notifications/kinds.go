package notifications

import "slices"

// The kinds, as people see them in their preferences.
const (
	coursePublished = "course.published"
	announced       = "announcement"
	lessonAdded     = "lesson.added"
	courseCompleted = "course.completed"
	roleGranted     = "role.granted"
	mentioned       = "mention"
	newSignIn       = "security.new_sign_in"
	passwordChanged = "security.password_changed"
	// welcome is a mail only and can't be chosen.
	welcome = "welcome"
)

// kind says how people are told of something.
type kind struct {
	name string
	// template of the mail; empty where there is none.
	template string
	// locked mail can't be switched off.
	locked bool
}

// kinds in the order in which they are shown.
var kinds = []kind{
	{name: coursePublished, template: "course_published"},
	{name: announced, template: "announcement"},
	{name: lessonAdded},
	{name: courseCompleted, template: "course_completed"},
	{name: roleGranted, template: "role_granted"},
	{name: mentioned},
	{name: newSignIn, template: "new_sign_in", locked: true},
	{name: passwordChanged, template: "password_changed", locked: true},
}

// kindOf gives a kind by its name.
func kindOf(name string) (kind, bool) {
	if name == welcome {
		return kind{name: welcome, template: "welcome", locked: true}, true
	}
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

// standard is what an account that chose nothing gets.
func (k kind) standard(userID string) preference {
	return preference{UserID: userID, Kind: k.name, InApp: k.name != welcome, Email: k.template != ""}
}
