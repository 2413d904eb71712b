// Package mail owns the mails that modules want to send: it renders them, stores them, sends them,
// retries them, and shows administrators what became of them.
//
//	service.go      queueing mails, sending one, and retries by administrators
//	stored_mail.go  a mail as it is stored, and when it is tried again
//	jobs.go         the job that sends a mail, and the sweep that finds lost ones
//	store.go        the SQL of the table
//	holdings.go     the mails to an account: their export and erasure
//
// Tables: mail_messages. Publishes and hears no events. Asks usersapi.Accounts, for the address of
// the account when it is deleted. Answers mailapi.Mailer for modules that send mails, and
// usersapi.Holder.
//
// A mail is a row before it is sent:
//
//	a module's transaction             a worker of any replica
//	──────────────────────             ───────────────────────
//	Queue: render, encrypt             claim: attempts + 1, due again in 60 s
//	insert row (queued)                decrypt, hand to smtp.Sender
//	commit ──── job "mail.send" ────▶  accepted         → sent, its text is erased
//	     └───── sweep every 5 s ────▶  refused for good → failed
//	                                   any other error  → queued again, for a day
//
// Redis only carries the id of a row. If the job is lost, the sweep finds the row by its due time.
// The claim is one UPDATE, so two workers do not send one mail at the same time; if a worker dies
// after the mail server accepted the mail, it is sent again with the same Message-ID.
//
// The text of a mail is encrypted with a key of the server, because it may hold a token. One that
// failed keeps it for a retry. Administrators see addresses, subjects and errors, never a text.
package mail
