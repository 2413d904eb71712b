package smtp

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"

	"lyceum/platform/text"
)

// ErrBadMessage marks a mail that can't be sent to any server, such as one with a line break in a
// header or with a recipient that is not an address. IsPermanent returns true for it.
var ErrBadMessage = errors.New("smtp: message refused")

// IsPermanent reports whether sending the same mail again is pointless: the server refused its
// recipient or its content for good, or the message itself is faulty. It returns false for refusals
// of the connection, the greeting, the hello, the encryption, the sign-in and the sender: they
// concern the server, and an operator mends them while the mail waits.
func IsPermanent(err error) bool {
	if errors.Is(err, ErrBadMessage) {
		return true
	}
	var r *refusedError
	return errors.As(err, &r) && r.isPermanent()
}

// stage is the part of the dialogue about a mail that a server answers to (RFC 5321 §3.3).
type stage string

const (
	stageSender    stage = "the sender"
	stageRecipient stage = "the recipient"
	stageData      stage = "the message"
)

// refusedError is a server's answer to the mail itself, as opposed to a fault on the way to the
// server.
type refusedError struct {
	stage stage
	code  int
	text  string
}

// Error returns the stage, the code and the beginning of the server's text.
func (r *refusedError) Error() string {
	return fmt.Sprintf("smtp: the server refused %s: %d %s", r.stage, r.code, r.text)
}

// enhancedCode matches the status at the beginning of a reply's text (RFC 2034, RFC 3463): class,
// subject, detail.
var enhancedCode = regexp.MustCompile(`^([245])\.(\d{1,3}\.\d{1,3})(?:\s|$)`)

// isPermanent classifies by the stage and by both codes. Some replies with a code of 5xx do not
// concern this mail: those that ask to sign in (RFC 4954), those whose enhanced code says that the
// failure is transient, and those that blame the sender's address (5.1.7 and 5.1.8).
func (r *refusedError) isPermanent() bool {
	if r.stage == stageSender || r.code < 500 || r.code > 599 {
		return false
	}
	if r.code == 530 || r.code == 534 || r.code == 535 || r.code == 538 {
		return false
	}
	if m := enhancedCode.FindStringSubmatch(r.text); m != nil {
		return m[1] == "5" && m[2] != "1.7" && m[2] != "1.8"
	}
	return true
}

// wrapRefusal returns a server's reply to one stage as a refusedError, and any other error with the
// stage before it.
func wrapRefusal(at stage, err error) error {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return &refusedError{stage: at, code: reply.Code, text: text.Shorten(reply.Msg, maxReplyBytes)}
	}
	return fmt.Errorf("smtp: %s: %w", at, err)
}

// maxReplyBytes is how much is repeated of a reply, or of a part of MAIL_URL, in rows and logs.
const maxReplyBytes = 300
