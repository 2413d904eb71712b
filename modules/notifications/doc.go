// Package notifications owns what accounts are told: in the console, by mail, and what of it each
// account wants.
//
//	kinds.go         the kinds of notifications, their mails and their default preferences
//	notification.go  notifications, preferences and announcements as they are stored
//	subscribers.go   the events of other modules, and of earlier versions, that become notifications
//	news.go          news of a course, for those who are enrolled when it happens
//	notify.go        dividing accounts into parts, and telling each account once
//	announce.go      announcements of an instructor
//	service.go       the list of the caller, what is read, and preferences
//	unsubscribe.go   links in mails that switch off a kind of mail
//	store.go, store_holdings.go  the SQL of the tables, and of the export and erasure of an account
//
// The rest is as in every module: module.go, permissions.go, routes.go and http_*.go, holdings.go,
// embedded.go.
//
// Tables: notifications, notification_preferences, announcements.
//
// Hears course.published and lesson.added (in the transaction), course.completed,
// user.role_granted, user.email_verified, auth.device_added, auth.password_changed and
// chat.mentioned. Publishes notifications.news_due and notifications.part_due, for itself. Asks
// usersapi.Accounts, mailapi.Mailer, and coursesapi.Reader and chatapi.Pusher where those modules
// are on. Answers usersapi.Holder.
//
//	in the transaction of the change         after the commit
//	────────────────────────────────         ────────────────
//	course.published, lesson.added,
//	an announcement: who is enrolled now
//	└─▶ news_due for up to 2000 learners ──▶ the notice of it
//	                                         └─▶ part_due for up to 200 ──▶ row, mail, push
//	chat.mentioned, which names accounts ──▶ part_due for up to 200 ──────▶ row, mail, push
//	an event about one account ───────────────────────────────────────────▶ row, mail, push
//
// Each part is one transaction, so that a large course delays nobody. There is a row for every
// account that was told, shown or not. A unique index over event, account and kind makes a part
// that is delivered twice count once, mail included.
package notifications
