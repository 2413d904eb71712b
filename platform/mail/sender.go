package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
)

// Message is one mail to one reader. ID names it for ever: it becomes the Message-ID, so that a
// copy sent twice after a crash can be told from a second mail.
type Message struct {
	From    string // an address, with or without a name: `Lyceum <no-reply@example.org>`
	To      string // a bare address
	Subject string
	Text    string
	HTML    string
	ID      string
}

// Sender hands a mail to a server. Both methods honour the context and come back within their own
// bounds besides; an error for which IsPermanent is false is worth another try later.
type Sender interface {
	Send(ctx context.Context, m Message) error
	Ping(ctx context.Context) error
}

// ErrBadMessage marks a mail that no server may see: a line break in a header, an address that is
// none. Trying again can't help, so IsPermanent is true of it.
var ErrBadMessage = errors.New("mail: message refused")

// IsPermanent tells whether sending the same mail again is pointless: the server refused it for
// good (5xx), or the message itself is faulty. Faults of the connection, of its encryption and of
// signing in are never permanent: an operator mends them while the mail waits.
func IsPermanent(err error) bool {
	if errors.Is(err, ErrBadMessage) {
		return true
	}
	var r *refusedError
	return errors.As(err, &r) && r.code >= 500 && r.code <= 599
}

// refusedError is a server's answer to the mail itself, as opposed to a fault on the way to it.
type refusedError struct {
	step string
	code int
	text string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("mail: the server refused %s: %d %s", e.step, e.code, e.text)
}

// refused keeps a server's reply to one step of the mail; anything else stays what it was.
func refused(step string, err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return &refusedError{step: step, code: reply.Code, text: clip(reply.Msg)}
	}
	return fmt.Errorf("mail: %s: %w", step, err)
}

// clip bounds what a server may write into our rows and logs.
func clip(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
