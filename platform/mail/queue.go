package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/jobs"
	"lyceum/platform/keyring"
	"lyceum/platform/keyset"
	"lyceum/platform/migrate"
	"lyceum/templates"
)

// Statuses of a mail.
const (
	queued = "queued"
	sent   = "sent"
	failed = "failed"
)

const jobName = "mail.send"

// Times of sending. Retries come often at first, so that a short outage delays a mail by less than a minute.
const (
	sendLease = 60 * time.Second
	giveUp    = 24 * time.Hour
	eagerFor  = time.Hour
	eagerStep = 20 * time.Second
	calmStep  = 5 * time.Minute
)

// Migrations of the mail rows.
var Migrations = []migrate.Migration{{
	ID: "202611240003_mail_create_messages",
	Up: []string{
		`CREATE TABLE mail_messages (
			id {uuid} PRIMARY KEY,
			kind text NOT NULL,
			user_id {uuid},
			recipient text NOT NULL,
			subject text NOT NULL,
			sealed {bytes},
			status text NOT NULL,
			attempts integer NOT NULL DEFAULT 0,
			next_at bigint NOT NULL,
			last_error text NOT NULL DEFAULT '',
			created_at bigint NOT NULL,
			sent_at bigint
		)`,
		`CREATE INDEX mail_messages_due ON mail_messages (next_at) WHERE status = 'queued'`,
		`CREATE INDEX mail_messages_newest ON mail_messages (created_at, id)`,
	},
	Down: []string{"DROP TABLE mail_messages"},
}, {
	ID:   "202611270001_mail_index_people",
	Up:   []string{"CREATE INDEX mail_messages_of_user ON mail_messages (user_id, id)", "CREATE INDEX mail_messages_to ON mail_messages (recipient)"},
	Down: []string{"DROP INDEX mail_messages_to", "DROP INDEX mail_messages_of_user"},
}, {
	// A mail that an administrator retries is tried for as long as a new one.
	ID:   "202611291002_mail_note_first_attempt",
	Up:   []string{"ALTER TABLE mail_messages ADD COLUMN tried_since bigint NOT NULL DEFAULT 0", "UPDATE mail_messages SET tried_since = created_at"},
	Down: []string{"ALTER TABLE mail_messages DROP COLUMN tried_since"},
}}

// Mail is what a module wants sent: a template by name and its values.
type Mail struct {
	// Kind is the template's name, such as "verify_email".
	Kind string
	To   string
	// UserID is the account that the mail is for, when there is one.
	UserID string
	Data   map[string]any
	// Unsubscribe, if set, is the URL that ends mails of this kind to this account; see Message.
	Unsubscribe string
}

type row struct {
	ID        string
	Kind      string
	UserID    *string
	Recipient string
	Subject   string
	Sealed    []byte
	Status    string
	Attempts  int
	NextAt    clock.Time
	// TriedSince is when the attempts began, or began anew.
	TriedSince clock.Time
	LastError  string
	CreatedAt  clock.Time
	SentAt     *clock.Time
}

// TableName of the mail rows.
func (row) TableName() string { return "mail_messages" }

// Mailer writes mails into the database and sends them from there, at least once each. The text is
// encrypted and erased once sent: it may hold a token.
type Mailer struct {
	db        *db.DB
	clock     clock.Clock
	queue     *jobs.Queue
	sender    Sender
	key       []byte
	from      string
	publicURL string
}

// NewMailer makes a mailer; from is the sender of every mail, publicURL the base of its links.
func NewMailer(d *db.DB, c clock.Clock, q *jobs.Queue, s Sender, k *keyring.Keys, from, publicURL string) *Mailer {
	return &Mailer{d, c, q, s, k.Derive("mail"), from, publicURL}
}

// Queue writes mails in the caller's transaction; they are sent once that is committed.
func (m *Mailer) Queue(ctx context.Context, mails ...Mail) error {
	rows, due := make([]row, len(mails)), make([]string, len(mails))
	for i, mail := range mails {
		r, err := m.rowOf(mail)
		if err != nil {
			return err
		}
		rows[i], due[i] = r, r.ID
	}
	if len(rows) == 0 {
		return nil
	}
	if err := m.db.Conn(ctx).CreateInBatches(rows, 200).Error; err != nil {
		return err
	}
	db.AfterCommit(ctx, func() { m.queue.Enqueue(jobName, due...) })
	return nil
}

func (m *Mailer) rowOf(mail Mail) (record row, err error) {
	data := map[string]any{"AppName": "Lyceum", "PublicURL": m.publicURL}
	for k, v := range mail.Data {
		data[k] = v
	}
	r, err := templates.Render(mail.Kind, data)
	if err != nil {
		return record, err
	}
	raw, err := json.Marshal(Message{Text: r.Text, HTML: r.HTML, Unsubscribe: mail.Unsubscribe})
	if err != nil {
		return record, err
	}
	now := m.clock.Now()
	record = row{ID: ids.New(), Kind: mail.Kind, Recipient: mail.To, Subject: r.Subject, Sealed: keyring.Seal(m.key, raw),
		Status: queued, NextAt: now, TriedSince: now, CreatedAt: now}
	if mail.UserID != "" {
		record.UserID = &mail.UserID
	}
	return record, nil
}

// Link is a page of the console with a secret in its fragment, which no log sees.
func (m *Mailer) Link(page, name, secret string) string {
	return m.publicURL + page + "#" + name + "=" + secret
}

// NewWorkers are the jobs that send.
func NewWorkers(m *Mailer) []jobs.Worker {
	return []jobs.Worker{{Name: jobName, Handle: m.send, Sweep: m.due, Every: 5 * time.Second, MaxFails: 1}}
}

func (m *Mailer) due(ctx context.Context) (out []string, err error) {
	// A mail that was just written has its job already: what is a few seconds late may have lost it.
	err = m.db.Conn(ctx).Raw("SELECT id FROM mail_messages WHERE status = ? AND next_at <= ? ORDER BY next_at LIMIT 200",
		queued, m.clock.Now().Add(-3*time.Second)).Scan(&out).Error
	return out, err
}

// send delivers one mail. Two workers with the same id do not both send: the claim is one update.
func (m *Mailer) send(ctx context.Context, id string) error {
	now := m.clock.Now()
	res := m.db.Conn(ctx).Exec("UPDATE mail_messages SET attempts = attempts + 1, next_at = ? WHERE id = ? AND status = ? AND next_at <= ?",
		now.Add(sendLease), id, queued, now)
	if res.Error != nil || res.RowsAffected == 0 {
		return res.Error
	}
	var r row
	if err := m.db.Conn(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return err
	}
	err := m.hand(ctx, r)
	return m.settle(context.WithoutCancel(ctx), r, err)
}

func (m *Mailer) hand(ctx context.Context, r row) error {
	raw, err := keyring.Unseal(m.key, r.Sealed)
	if err != nil {
		return fmt.Errorf("%w: its text can't be read with this server's secret", ErrBadMessage)
	}
	var msg Message
	if err := json.Unmarshal(raw, &msg); err != nil {
		return err
	}
	msg.ID, msg.From, msg.To, msg.Subject = r.ID, m.from, r.Recipient, r.Subject
	return m.sender.Send(ctx, msg)
}

// settle writes down how an attempt ended.
func (m *Mailer) settle(ctx context.Context, r row, err error) error {
	now, conn := m.clock.Now(), m.db.Conn(ctx)
	if err == nil {
		return conn.Exec("UPDATE mail_messages SET status = ?, sent_at = ?, sealed = NULL, last_error = '' WHERE id = ?", sent, now, r.ID).Error
	}
	tried, status, wait := now.Sub(r.TriedSince), queued, eagerStep
	if tried > eagerFor {
		wait = calmStep
	}
	if IsPermanent(err) || tried > giveUp {
		status = failed
	}
	text := err.Error()
	return conn.Exec("UPDATE mail_messages SET status = ?, next_at = ?, last_error = ? WHERE id = ?",
		status, now.Add(wait), strings.ToValidUTF8(text[:min(len(text), 300)], ""), r.ID).Error
}

// retryAll makes all mails of a status, failed or queued, due now, for as long as new ones, and returns how many they are.
func (m *Mailer) retryAll(ctx context.Context, status string) (count int, err error) {
	err = m.db.InTx(ctx, func(ctx context.Context) error {
		var due []string
		now := m.clock.Now()
		err := m.db.Conn(ctx).Raw("UPDATE mail_messages SET status = ?, next_at = ?, tried_since = ? WHERE status = ? RETURNING id",
			queued, now, now, status).Scan(&due).Error
		count = len(due)
		// The sweep finds the others.
		db.AfterCommit(ctx, func() { m.queue.Enqueue(jobName, due[:min(len(due), maxEnqueued)]...) })
		return err
	})
	return count, err
}

// maxEnqueued is how many retried mails are put into the queue at once.
const maxEnqueued = 200

// retry makes a failed or waiting mail due now, for as long as a new one; 409 when it was sent.
func (m *Mailer) retry(ctx context.Context, id string) error {
	if !ids.Valid(id) {
		return apperr.NotFound("There is no such mail.")
	}
	return m.db.InTx(ctx, func(ctx context.Context) error {
		var r row
		err := m.db.Conn(ctx).Raw("SELECT * FROM mail_messages WHERE id = ?"+m.db.ForUpdate(), id).Scan(&r).Error
		switch {
		case err != nil:
			return err
		case r.ID == "":
			return apperr.NotFound("There is no such mail.")
		case r.Status == sent:
			return apperr.Conflict("email-sent", "This mail was sent.")
		}
		now := m.clock.Now()
		err = m.db.Conn(ctx).Exec("UPDATE mail_messages SET status = ?, next_at = ?, tried_since = ? WHERE id = ?", queued, now, now, id).Error
		db.AfterCommit(ctx, func() { m.queue.Enqueue(jobName, id) })
		return err
	})
}

// list gives one page, the newest first.
func (m *Mailer) list(ctx context.Context, status string, after *keyset.Position, limit int) (rows []row, err error) {
	q := m.db.Conn(ctx).Omit("sealed")
	if status != "" {
		q = q.Where("status = ?", status)
	}
	if after != nil {
		q = q.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
	}
	err = q.Order("created_at DESC, id DESC").Limit(limit).Find(&rows).Error
	return rows, err
}
