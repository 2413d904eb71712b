package mail

import (
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/smtp"
	"lyceum/platform/telemetry"
	"lyceum/platform/text"
)

// Statuses of a mail.
const (
	statusQueued = "queued"
	statusSent   = "sent"
	statusFailed = "failed"
)

// Times of sending. Retries come often at first, so that a short outage delays a mail by less than
// a minute.
const (
	// sendLease is the time after which another worker may claim a mail whose worker died.
	sendLease = 60 * time.Second
	// retryPeriod is how long a mail is tried before it fails.
	retryPeriod = 24 * time.Hour
	// Attempts follow each other after eagerPause in the first eagerPeriod, and after calmPause later.
	eagerPeriod = time.Hour
	eagerPause  = 20 * time.Second
	calmPause   = 5 * time.Minute
)

// maxErrorBytes is how much of an error is kept with a mail.
const maxErrorBytes = 300

// storedMail is a row of the table mail_messages.
type storedMail struct {
	ID string
	// Kind is the name of the template.
	Kind string
	// UserID is nil if the recipient has no account.
	UserID    *string
	Recipient string
	Subject   string
	// Sealed is the encrypted text. It is nil once the mail is sent.
	Sealed   []byte
	Status   string
	Attempts int
	// NextAt is when a queued mail is due. A claim moves it to the end of its lease.
	NextAt clock.Time
	// TriedSince is the time of the first attempt, or of the last retry by an administrator.
	TriedSince clock.Time
	LastError  string
	CreatedAt  clock.Time
	SentAt     *clock.Time
	// Cause is the request and the span that queued the mail.
	Cause telemetry.Cause `gorm:"embedded"`
}

// TableName returns the name of the table.
func (storedMail) TableName() string { return "mail_messages" }

// content is the part of a mail that is encrypted: a smtp.Message with the text in both forms and
// the link for unsubscribing. The rest is filled in from the row.
type content = smtp.Message

// recordFailure notes an attempt that ended with err: the mail has failed if the error is permanent
// or the mail has been tried for longer than retryPeriod; otherwise it is due again after a pause.
func (m *storedMail) recordFailure(err error, now clock.Time) {
	tried, pause := now.Sub(m.TriedSince), eagerPause
	if tried > eagerPeriod {
		pause = calmPause
	}
	m.Status, m.NextAt = statusQueued, now.Add(pause)
	if smtp.IsPermanent(err) || tried > retryPeriod {
		m.Status = statusFailed
	}
	m.LastError = text.CutBytes(err.Error(), maxErrorBytes)
}
