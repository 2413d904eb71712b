// Package notifications owns what people are told: in the console, by mail, and what of it each of
// them wants.
//
// Tables: notifications, notification_preferences, announcements. Tells: nothing but its own
// deliveries. Hears: course.published, course.completed, lesson.added, user.role_granted,
// user.email_verified, auth.new_sign_in, auth.password_changed, chat.mentioned. Asks:
// usersapi.Accounts; coursesapi.Reader and chatapi.Pusher where those modules are on. Answers: usersapi.Holder.
//
// Every handler is durable, but those that note who is concerned: news of a course go to those who are enrolled when it
// happens. They are cut into parts, each a delivery of its own with its own transaction, so that a large course holds
// nobody up. A row stands for every
// person told, shown or not: its unique index makes a delivery that comes twice count once, mail
// included.
package notifications
