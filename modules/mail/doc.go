// Package mail owns the mails that modules want to send: it renders them, stores them, sends them,
// retries them, and shows administrators what became of them.
//
// Tables: mail_messages. Publishes and hears no events. Asks: usersapi.Accounts, for the address of
// an account that is deleted. Answers: mailapi.Mailer for modules that send mails, usersapi.Holder.
//
// A mail is a row before it is a message:
//
//	a module's transaction             a worker of any replica
//	──────────────────────             ───────────────────────
//	Queue: render, encrypt             claim: attempts + 1, due again in 60 s
//	insert row (queued)                decrypt, hand to smtp.Sender
//	commit ──── job "mail.send" ────▶  sent    → erase the text
//	     └───── sweep every 5 s ────▶  refused → failed, or queued again
//
// Redis only carries the id of a row. If the job is lost, the sweep finds the row by its due time.
// The claim is one UPDATE, so two workers do not send one mail at the same time; if a worker dies
// after the server accepted the mail, the mail is sent again with the same Message-ID.
//
// The text of a mail is encrypted with a key of the server until it is sent, because it may hold a
// token. Administrators see addresses, subjects and errors, never a text.
package mail
