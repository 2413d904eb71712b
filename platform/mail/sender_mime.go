package mail

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jordan-wright/email"
)

// maxAddress is the longest address SMTP can carry; longer ones are refused before they are
// parsed, as the parser's cost grows with them.
const maxAddress = 254

// maxFrom leaves room for a name beside the sender's address.
const maxFrom = maxAddress + 256

// messageID is what our ids look like; nothing else may stand between the angle brackets.
var messageID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// envelope is a checked message in the form that goes over the wire.
type envelope struct {
	from, to string
	utf8     bool // an address needs SMTPUTF8
	data     []byte
}

// newEnvelope checks every value that becomes a header or a command, then builds the MIME.
// The library writes some header values raw, so the check can't be left to it.
func newEnvelope(m Message, now time.Time) (envelope, error) {
	for name, v := range map[string]string{"From": m.From, "To": m.To, "Subject": m.Subject, "Message-ID": m.ID, "List-Unsubscribe": m.Unsubscribe} {
		if strings.ContainsAny(v, "\r\n\x00") {
			return envelope{}, fmt.Errorf("%w: line break or NUL in %s", ErrBadMessage, name)
		}
	}
	from, err := parseFrom(m.From)
	if err != nil {
		return envelope{}, err
	}
	to, err := parseTo(m.To)
	if err != nil {
		return envelope{}, err
	}
	id := m.ID
	if id == "" {
		id = rand.Text()
	}
	if !messageID.MatchString(id) {
		return envelope{}, fmt.Errorf("%w: the id can't be a Message-ID", ErrBadMessage)
	}
	data, err := buildMIME(m, from, to, id, now)
	if err != nil {
		return envelope{}, fmt.Errorf("%w: %w", ErrBadMessage, err)
	}
	return envelope{from: from.Address, to: to, utf8: !ascii(from.Address + to), data: data}, nil
}

// buildMIME leaves encoding and boundaries to the library; attachments are never used.
func buildMIME(m Message, from *mail.Address, to, id string, now time.Time) ([]byte, error) {
	e := &email.Email{
		From:    from.String(),
		To:      []string{to},
		Subject: encodeSubject(m.Subject),
		Text:    []byte(m.Text),
		HTML:    []byte(m.HTML),
		Headers: textproto.MIMEHeader{},
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	if !ascii(domain) {
		domain = "localhost"
	}
	e.Headers.Set("Message-Id", "<"+id+"@"+domain+">")
	e.Headers.Set("Date", now.UTC().Format(time.RFC1123Z))
	e.Headers.Set("Auto-Submitted", "auto-generated") // keeps out-of-office replies away
	if m.Unsubscribe != "" {
		e.Headers.Set("List-Unsubscribe", "<"+m.Unsubscribe+">")
		e.Headers.Set("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	return e.Bytes()
}

// parseFrom accepts an address with or without a name.
func parseFrom(s string) (*mail.Address, error) {
	if len(s) > maxFrom {
		return nil, fmt.Errorf("%w: the sender is too long", ErrBadMessage)
	}
	a, err := mail.ParseAddress(s)
	if err != nil || !plainAddress(a.Address) {
		return nil, fmt.Errorf("%w: the sender is not an address", ErrBadMessage)
	}
	return a, nil
}

// parseTo accepts a bare address only: no name, comment, quoting or list.
func parseTo(s string) (string, error) {
	if len(s) > maxAddress {
		return "", fmt.Errorf("%w: the address is longer than %d bytes", ErrBadMessage, maxAddress)
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || !plainAddress(s) {
		return "", fmt.Errorf("%w: the recipient is not an address", ErrBadMessage)
	}
	return s, nil
}

// plainAddress refuses what would need quoting inside an SMTP command.
func plainAddress(s string) bool {
	return len(s) <= maxAddress && utf8.ValidString(s) && strings.Count(s, "@") == 1 &&
		!strings.ContainsFunc(s, func(r rune) bool {
			return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>()[]\,;:"`, r)
		})
}

// encodeSubject wraps a subject that already looks like an encoded word, which a reader would
// otherwise decode into something its author did not type. The library encodes all others.
func encodeSubject(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var words []string
	for len(s) > 0 {
		n := min(len(s), 42)
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}
