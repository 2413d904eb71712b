// Package chat owns channels and what is said in them.
//
// Tables: chat_channels, chat_messages, chat_members, chat_marks, chat_tickets, chat_replicas,
// chat_presence. Tells: chat.mentioned, audit entries. Hears: user.registered, user.role_granted,
// enrollment.changed, course.deleted. Asks: usersapi.Accounts, coursesapi.Reader (optional). Answers: chatapi.Pusher,
// usersapi.Holder.
//
// A message is numbered and stored in one transaction that holds its channel's row, so seq has no
// gaps. Nothing but a wake-up travels between replicas: each reads what comes after its cursor from
// the database, in order, so nothing is skipped or doubled, and without Redis only the poll is left.
package chat
