package smtp

import "context"

// Message is one mail to one recipient.
type Message struct {
	// From is the sender: an address, with or without a name, such as "Lyceum
	// <no-reply@example.org>".
	From string
	// To is the recipient: a bare address of at most 254 bytes.
	To string
	// Subject is one line. It may hold any Unicode text.
	Subject string
	Text    string
	HTML    string
	// ID becomes the local part of the Message-ID: 1 to 128 of A–Z, a–z, 0–9, ".", "_" and "-". A
	// mail that is sent twice after a crash keeps its ID, so that the reader's program shows one.
	// Empty means a random one.
	ID string
	// Unsubscribe, if set, is a URL that ends mails of this kind with one POST (RFC 8058).
	Unsubscribe string `json:",omitempty"`
}

// Sender delivers mails to a server. Both methods return when ctx ends, and within bounds of their
// own.
type Sender interface {
	// Send delivers one mail. It returns ErrBadMessage if a value can't be part of a mail.
	// IsPermanent tells whether the error is final; after any other error the same mail may be sent
	// again later.
	Send(ctx context.Context, m Message) error
	// Ping returns an error if the server can't be reached or refuses the connection, the
	// encryption or the sign-in.
	Ping(ctx context.Context) error
}
