// Package notifications owns what accounts are told: in the console, by mail, and what of it each
// account wants.
//
//	kinds.go          the kinds of notifications and their mails
//	notification.go   notifications, preferences and announcements as they are stored
//	deliver.go        telling accounts of something, each once
//	news.go           news of a course, for those who are enrolled when it happens
//	announce.go       announcements of an instructor
//	subscribers.go    the events of other modules that become notifications
//	unsubscribe.go    links in mails that switch off a kind of mail
//
// Tables: notifications, notification_preferences, announcements.
//
// Hears course.published, course.completed, lesson.added, user.role_granted, user.email_verified,
// auth.new_sign_in, auth.password_changed and chat.mentioned. Publishes only its own deliveries.
// Asks usersapi.Accounts, mailapi.Mailer, and coursesapi.Reader and chatapi.Pusher where those
// modules are on. Answers usersapi.Holder.
//
//	event ──▶ who is concerned (in its transaction) ──▶ parts of 200 ──▶ one transaction a part:
//	                                                                      row, mail, push
//
// Every delivery is durable, in a transaction of its own, so that a large course delays nobody.
// There is a row for every account that was told, shown or not: its unique index makes a delivery
// that comes twice count once, mail included.
package notifications
