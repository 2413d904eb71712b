// Package mailapi is what other modules ask of the module mail: to send a mail once the change that
// it is about is committed.
package mailapi

import "context"

// Mail is one mail that a module wants to send: a template by name and the values for it.
type Mail struct {
	// Kind is the name of the template, such as "verify_email".
	Kind string
	// To is the address of the recipient.
	To string
	// UserID is the account of the recipient. It is empty if the recipient has no account.
	UserID string
	// Data holds the values of the template. A missing key is an error.
	Data map[string]any
	// Unsubscribe, if set, is the URL that ends mails of this kind to this account with one POST
	// (RFC 8058).
	Unsubscribe string
}

// Mailer queues mails for sending.
type Mailer interface {
	// Queue stores mails in the caller's transaction. Each is sent at least once after the commit,
	// and none after a rollback. Queue returns an error if a template is unknown or lacks a value.
	Queue(ctx context.Context, mails ...Mail) error
	// Link returns the URL of a page of the console with a secret in its fragment, such as
	// "https://lyceum.example/verify#token=…". Browsers do not send the fragment, so no log holds
	// it.
	Link(page, name, secret string) string
}
