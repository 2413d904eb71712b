package notifications

import "slices"

// The kinds of notifications. Their names are stored and part of the API. They are not names of
// events, although some are alike.
const (
	kindCoursePublished = "course.published"
	kindAnnouncement    = "announcement"
	kindLessonAdded     = "lesson.added"
	kindCourseCompleted = "course.completed"
	kindRoleGranted     = "role.granted"
	kindMention         = "mention"
	kindNewSignIn       = "security.new_sign_in"
	kindPasswordChanged = "security.password_changed"
	kindWelcome         = "welcome"
)

// kind is a kind of notifications.
type kind struct {
	name string
	// template is the template of the mail. It is empty if there is no mail.
	template string
	// mandatory says that the mail can't be switched off. The API calls it locked.
	mandatory bool
	// mailOnly says that the console does not show the notification. There is no preference for it.
	mailOnly bool
}

// kinds are the kinds that have a preference, in the order in which the console shows them.
var kinds = []kind{
	{name: kindCoursePublished, template: "course_published"},
	{name: kindAnnouncement, template: "announcement"},
	{name: kindLessonAdded},
	{name: kindCourseCompleted, template: "course_completed"},
	{name: kindRoleGranted, template: "role_granted"},
	{name: kindMention},
	{name: kindNewSignIn, template: "new_sign_in", mandatory: true},
	{name: kindPasswordChanged, template: "password_changed", mandatory: true},
}

// welcome is the kind of the mail to an account whose address is verified for the first time.
var welcome = kind{name: kindWelcome, template: "welcome", mandatory: true, mailOnly: true}

// findKind returns the kind with the given name; ok is false if there is none.
func findKind(name string) (k kind, ok bool) {
	if name == kindWelcome {
		return welcome, true
	}
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

// defaultPreference returns the preference of an account that chose nothing.
func (k kind) defaultPreference(userID string) preference {
	return preference{UserID: userID, Kind: k.name, InApp: !k.mailOnly, Email: k.template != ""}
}

// sendsMail reports whether an account with this preference gets a mail of the kind.
func (k kind) sendsMail(p preference) bool { return k.template != "" && (k.mandatory || p.Email) }
