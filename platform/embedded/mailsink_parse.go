package embedded

import (
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/mail"
	"github.com/google/uuid"
)

// MailboxMessage is one mail as /dev/mailbox/messages answers it. Text and HTML are the first parts
// of these types, with line breaks as \n.
type MailboxMessage struct {
	ID   string `json:"id"`
	From string `json:"from"`
	// To holds the recipients of the envelope, among them those of Bcc.
	To      []string `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
	// CreatedAt is the time of arrival in RFC 3339.
	CreatedAt string `json:"created_at"`
}

// mailTime is the layout of created_at: RFC 3339 in UTC with milliseconds.
const mailTime = "2006-01-02T15:04:05.000Z"

// parseMail decodes a stored message as far as possible. A message that can't be decoded is
// returned as text, so that a developer can look for the reason.
func parseMail(id string, data []byte) MailboxMessage {
	out := MailboxMessage{ID: id, To: []string{}, CreatedAt: arrivalTime(id).Format(mailTime)}
	reader, err := mail.CreateReader(bytes.NewReader(data))
	if reader == nil || (err != nil && !message.IsUnknownCharset(err)) {
		out.Text = strings.ToValidUTF8(string(data), "\uFFFD")
		return out
	}
	defer func() { _ = reader.Close() }()
	for field := reader.Header.FieldsByKey("Delivered-To"); field.Next(); {
		out.To = append(out.To, field.Value())
	}
	if from, err := reader.Header.AddressList("From"); err == nil && len(from) > 0 {
		out.From = from[0].Address
	} else {
		out.From = strings.Trim(reader.Header.Get("Return-Path"), "<>")
	}
	if out.Subject, err = reader.Header.Subject(); err != nil {
		out.Subject = reader.Header.Get("Subject")
	}
	out.readParts(reader)
	return out
}

// readParts reads the first text and the first HTML part. It ignores attachments, and stops at the
// first part that can't be decoded.
func (m *MailboxMessage) readParts(reader *mail.Reader) {
	for {
		part, err := reader.NextPart()
		if part == nil || (err != nil && !message.IsUnknownCharset(err)) {
			return
		}
		header, ok := part.Header.(*mail.InlineHeader)
		if !ok {
			continue
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			return
		}
		text := strings.ReplaceAll(strings.ToValidUTF8(string(body), "\uFFFD"), "\r\n", "\n")
		switch kind, _, _ := header.ContentType(); {
		case kind == "text/html" && m.HTML == "":
			m.HTML = text
		case kind != "text/html" && m.Text == "":
			m.Text = text
		}
	}
}

// arrivalTime returns the time that a UUIDv7 was made at, and the zero time for any other text.
func arrivalTime(id string) time.Time {
	u, err := uuid.Parse(id)
	if err != nil {
		return time.Time{}
	}
	var ms int64
	for _, b := range u[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms).UTC()
}
