package identity

import (
	"maps"
	"slices"
)

// Permission is what an operation asks of its caller before it looks at any object; whose object
// it is, is the domain's question.
type Permission string

// The permissions. Those that end in "self" reach nothing but the caller's own.
const (
	Public             Permission = "public"
	CoursesRead        Permission = "courses:read"
	CoursesWrite       Permission = "courses:write"
	LearningSelf       Permission = "learning:self"
	AnnouncementsWrite Permission = "announcements:write"
	AccountSelf        Permission = "account:self"
	SessionsSelf       Permission = "sessions:self"
	NotificationsSelf  Permission = "notifications:self"
	ChatRead           Permission = "chat:read"
	ChatWrite          Permission = "chat:write"
	ChatManage         Permission = "chat:manage"
	FilesRead          Permission = "files:read"
	FilesWrite         Permission = "files:write"
	InvitesRedeem      Permission = "invites:redeem"
	InvitesManage      Permission = "invites:manage"
	UsersManage        Permission = "users:manage"
	AuditRead          Permission = "audit:read"
	MailManage         Permission = "mail:manage"
)

// lowest is the whole table: the lowest role that has each permission; higher ones include it.
var lowest = map[Permission]Role{
	Public:      Anonymous,
	CoursesRead: Anonymous,

	AccountSelf:       User,
	SessionsSelf:      User,
	LearningSelf:      User,
	NotificationsSelf: User,
	ChatRead:          User,
	ChatWrite:         User,
	FilesRead:         User,
	InvitesRedeem:     User,

	CoursesWrite:       Instructor,
	AnnouncementsWrite: Instructor,
	ChatManage:         Instructor,
	FilesWrite:         Instructor,

	InvitesManage: Admin,
	UsersManage:   Admin,
	AuditRead:     Admin,
	MailManage:    Admin,
}

// Known says whether the table has p. A server with a route whose permission it lacks isn't built.
func (p Permission) Known() bool { _, ok := lowest[p]; return ok }

// Role is the lowest role that has p. One that the table lacks is shut, not open.
func (p Permission) Role() Role {
	if r, ok := lowest[p]; ok {
		return r
	}
	return Admin
}

// Permissions are all there are, sorted.
func Permissions() []Permission { return slices.Sorted(maps.Keys(lowest)) }

// May says whether the caller's role has p; nobody has one that the table lacks.
func (c Caller) May(p Permission) bool { return p.Known() && c.Can(p.Role()) }
