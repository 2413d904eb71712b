package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
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
	// Unsubscribe, if set, is a URL that ends mails of this kind with one POST (RFC 8058).
	Unsubscribe string `json:",omitempty"`
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

// IsPermanent returns whether sending the same mail again is pointless: the server refused its recipient or its content for
// good, or the message itself is faulty. Refusals of the connection, the greeting, the hello, the encryption, the sign-in and
// the sender concern this server, not the mail: an operator mends them while the mail waits.
func IsPermanent(err error) bool {
	if errors.Is(err, ErrBadMessage) {
		return true
	}
	var r *refusedError
	return errors.As(err, &r) && r.isPermanent()
}

// stage is the part of a mail's dialogue that a server answers to (RFC 5321 3.3).
type stage string

const (
	stageSender    stage = "the sender"
	stageRecipient stage = "the recipient"
	stageData      stage = "the message"
)

// refusedError is a server's answer to the mail itself, as opposed to a fault on the way to it.
type refusedError struct {
	stage stage
	code  int
	text  string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("mail: the server refused %s: %d %s", e.stage, e.code, e.text)
}

// enhancedCode is a status at the beginning of a reply's text (RFC 2034, RFC 3463): class, subject, detail.
var enhancedCode = regexp.MustCompile(`^([245])\.(\d{1,3}\.\d{1,3})(?:\s|$)`)

// isPermanent classifies by the stage and both codes. A reply that asks to sign in, or whose enhanced code calls the
// failure persistent but transient or blames the sender's address, does not speak of this mail.
func (e *refusedError) isPermanent() bool {
	if e.stage == stageSender || e.code < 500 || e.code > 599 {
		return false
	}
	if e.code == 530 || e.code == 534 || e.code == 535 || e.code == 538 { // RFC 4954
		return false
	}
	if m := enhancedCode.FindStringSubmatch(e.text); m != nil {
		return m[1] == "5" && m[2] != "1.7" && m[2] != "1.8"
	}
	return true
}

// refused keeps a server's reply to one stage of the mail; anything else stays what it was.
func refused(at stage, err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return &refusedError{stage: at, code: reply.Code, text: clip(reply.Msg)}
	}
	return fmt.Errorf("mail: %s: %w", at, err)
}

// clip bounds what a server may write into our rows and logs.
func clip(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
