package smtp

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

// maxAddressBytes is the length of the longest address that SMTP can carry. Longer addresses are
// refused before they are parsed, because the cost of parsing grows with the length.
const maxAddressBytes = 254

// maxFromBytes is the greatest length of a sender: an address and a display name.
const maxFromBytes = maxAddressBytes + 256

// messageID matches the local part of a Message-ID.
var messageID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

// envelope is a checked message: the addresses of the SMTP dialogue and the MIME data.
type envelope struct {
	from, to string
	utf8     bool // an address has letters beyond ASCII, so the server must offer SMTPUTF8 (RFC 6531)
	data     []byte
}

// newEnvelope checks every value that becomes a header or a command, then builds the MIME data. The
// MIME library writes some header values without encoding them, so it can't be relied on for the
// check. It returns ErrBadMessage if a value is not allowed.
func newEnvelope(m Message, now time.Time) (envelope, error) {
	for name, v := range map[string]string{
		"From": m.From, "To": m.To, "Subject": m.Subject, "Message-ID": m.ID, "List-Unsubscribe": m.Unsubscribe,
	} {
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
	return envelope{from: from.Address, to: to, utf8: !isASCII(from.Address + to), data: data}, nil
}

// buildMIME returns the headers and the body. The library encodes and separates the parts; there
// are no attachments.
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
	if !isASCII(domain) {
		domain = "localhost"
	}
	e.Headers.Set("Message-Id", "<"+id+"@"+domain+">")
	e.Headers.Set("Date", now.UTC().Format(time.RFC1123Z))
	e.Headers.Set("Auto-Submitted", "auto-generated") // automatic replies are not sent to such mails (RFC 3834)
	if m.Unsubscribe != "" {
		e.Headers.Set("List-Unsubscribe", "<"+m.Unsubscribe+">")
		e.Headers.Set("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	return e.Bytes()
}

// parseFrom returns the sender's address and display name. It returns ErrBadMessage if there is no
// address.
func parseFrom(s string) (*mail.Address, error) {
	if len(s) > maxFromBytes {
		return nil, fmt.Errorf("%w: the sender is too long", ErrBadMessage)
	}
	a, err := mail.ParseAddress(s)
	if err != nil || !isPlainAddress(a.Address) {
		return nil, fmt.Errorf("%w: the sender is not an address", ErrBadMessage)
	}
	return a, nil
}

// parseTo returns s if it is a bare address. It returns ErrBadMessage for a display name, a
// comment, quoting or a list.
func parseTo(s string) (string, error) {
	if len(s) > maxAddressBytes {
		return "", fmt.Errorf("%w: the address is longer than %d bytes", ErrBadMessage, maxAddressBytes)
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || !isPlainAddress(s) {
		return "", fmt.Errorf("%w: the recipient is not an address", ErrBadMessage)
	}
	return s, nil
}

// isPlainAddress reports whether s has one "@" and no character that would need quoting in an SMTP
// command.
func isPlainAddress(s string) bool {
	return len(s) <= maxAddressBytes && utf8.ValidString(s) && strings.Count(s, "@") == 1 &&
		!strings.ContainsFunc(s, func(r rune) bool {
			return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>()[]\,;:"`, r)
		})
}

// encodeSubject encodes a subject that contains "=?", the beginning of an encoded word (RFC 2047):
// a mail program would decode it into a text that its author did not type. All other subjects are
// returned unchanged and encoded by the library.
func encodeSubject(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var words []string
	for len(s) > 0 {
		n := min(len(s), 42) // an encoded word has at most 75 bytes
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

// isASCII reports whether s has no letter beyond ASCII.
func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}
