package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"go.uber.org/fx"

	"lyceum/modules/mail/mailapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/jobs"
	"lyceum/platform/keyring"
	"lyceum/platform/keyset"
	"lyceum/platform/smtp"
	"lyceum/platform/telemetry"
	"lyceum/templates"
)

// Service stores mails and sends them from the database, each at least once.
type Service struct {
	db     *db.DB
	store  *store
	clock  clock.Clock
	queue  *jobs.Queue
	sender smtp.Sender
	// sealKey encrypts the texts of mails.
	sealKey   []byte
	from      string
	publicURL string
	// retention is how long a mail is kept that needs nothing more. Zero means for ever.
	retention time.Duration
}

var _ mailapi.Mailer = (*Service)(nil)

// Params are the dependencies of NewService.
type Params struct {
	fx.In
	DB     *db.DB
	Clock  clock.Clock
	Queue  *jobs.Queue
	Sender smtp.Sender
	Keys   *keyring.Keys
	Config *Config
	// Program has PUBLIC_URL, with which links begin.
	Program *config.Config
}

// NewService returns a service that sends from MAIL_FROM and whose links begin with PUBLIC_URL.
func NewService(p Params) *Service {
	return &Service{
		db: p.DB, store: newStore(p.DB), clock: p.Clock, queue: p.Queue, sender: p.Sender,
		sealKey: p.Keys.DeriveKey("mail"), from: p.Config.From, publicURL: p.Program.PublicURL,
		retention: p.Config.Retention,
	}
}

// Queue implements mailapi.Mailer.
func (s *Service) Queue(ctx context.Context, mails ...mailapi.Mail) error {
	rows, mailIDs, cause := make([]storedMail, len(mails)), make([]string, len(mails)), telemetry.CauseOf(ctx)
	for i, mail := range mails {
		m, err := s.newStoredMail(mail)
		if err != nil {
			return err
		}
		m.Cause = cause
		rows[i], mailIDs[i] = m, m.ID
	}
	if len(rows) == 0 {
		return nil
	}
	if err := s.store.insert(ctx, rows); err != nil {
		return err
	}
	db.AfterCommit(ctx, func() { s.queue.Enqueue(ctx, jobName, mailIDs...) })
	return nil
}

// newStoredMail renders and encrypts a mail that is due now.
func (s *Service) newStoredMail(mail mailapi.Mail) (storedMail, error) {
	data := map[string]any{"AppName": "Lyceum", "PublicURL": s.publicURL}
	for k, v := range mail.Data {
		data[k] = v
	}
	r, err := templates.Render(mail.Kind, data)
	if err != nil {
		return storedMail{}, err
	}
	raw, err := json.Marshal(content{Text: r.Text, HTML: r.HTML, Unsubscribe: mail.Unsubscribe})
	if err != nil {
		return storedMail{}, err
	}
	now := s.clock.Now()
	m := storedMail{
		ID: ids.New(), Kind: mail.Kind, Recipient: mail.To, Subject: r.Subject, Sealed: keyring.Seal(s.sealKey, raw),
		Status: statusQueued, NextAt: now, TriedSince: now, CreatedAt: now,
	}
	if mail.UserID != "" {
		m.UserID = &mail.UserID
	}
	return m, nil
}

// Link implements mailapi.Mailer.
func (s *Service) Link(page, name, secret string) string {
	return s.publicURL + page + "#" + name + "=" + secret
}

// send sends the mail with the given id if it is due and no other worker has claimed it. It notes
// how the attempt ended and returns an error only if the database fails.
func (s *Service) send(ctx context.Context, id string) error {
	m, claimed, err := s.store.claim(ctx, id, s.clock.Now())
	if err != nil || !claimed {
		return err
	}
	telemetry.Annotate(ctx, "lyceum.mail_kind", m.Kind)
	failure := s.handOver(ctx, m)
	ctx, now := context.WithoutCancel(ctx), s.clock.Now()
	if failure == nil {
		mailsHanded.WithLabelValues(m.Kind, "sent").Inc()
		slog.DebugContext(ctx, "mail sent", "mail", m.ID, "kind", m.Kind)
		return s.store.saveSent(ctx, m.ID, now)
	}
	m.recordFailure(failure, now)
	result := "retry"
	if m.Status == statusFailed {
		result = "failed"
	}
	mailsHanded.WithLabelValues(m.Kind, result).Inc()
	logFailure(ctx, m)
	return s.store.saveFailure(ctx, m)
}

// logFailure logs that an attempt has failed. The error stays in the row: it may name the recipient.
func logFailure(ctx context.Context, m storedMail) {
	level, message := slog.LevelDebug, "mail not sent, will be tried again"
	if m.Status == statusFailed {
		level, message = slog.LevelWarn, "mail given up"
	}
	slog.Log(ctx, level, message, "mail", m.ID, "kind", m.Kind, "attempt", m.Attempts)
}

// handOver decrypts a mail and hands it to the mail server.
func (s *Service) handOver(ctx context.Context, m storedMail) error {
	raw, err := keyring.Unseal(s.sealKey, m.Sealed)
	if err != nil {
		return fmt.Errorf("%w: its text can't be read with this server's secret", smtp.ErrBadMessage)
	}
	var c content
	if err := json.Unmarshal(raw, &c); err != nil {
		return err
	}
	c.ID, c.From, c.To, c.Subject = m.ID, s.from, m.Recipient, m.Subject
	return s.sender.Send(ctx, c)
}

// findLate returns mails that are late. A job exists for a mail that was just stored, so a mail
// that is a few seconds late may have lost its job.
func (s *Service) findLate(ctx context.Context) ([]jobs.Job, error) {
	return s.store.findLate(ctx, s.clock.Now().Add(-lateAfter))
}

// list returns up to limit mails of a status, or of all if it is empty, the newest first.
func (s *Service) list(ctx context.Context, status string, after *keyset.Position, limit int) ([]storedMail, error) {
	return s.store.list(ctx, status, after, limit)
}

// maxEnqueued is how many retried mails get a job at once. The sweep finds the others.
const maxEnqueued = 200

// retryAll makes all mails of a status, failed or queued, due now, and returns how many they are.
// They are tried for as long as new mails.
func (s *Service) retryAll(ctx context.Context, status string) (count int, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context) error {
		due, err := s.store.requeueAll(ctx, status, s.clock.Now())
		count = len(due)
		db.AfterCommit(ctx, func() { s.queue.Enqueue(ctx, jobName, due[:min(len(due), maxEnqueued)]...) })
		return err
	})
	return count, err
}

var errNoMail = apperr.NotFound("There is no such mail.")

// retry makes a failed or queued mail due now. It is tried for as long as a new mail. It returns
// errNoMail for an unknown id and problemEmailSent if the mail was sent.
func (s *Service) retry(ctx context.Context, id string) error {
	if !ids.IsValid(id) {
		return errNoMail
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		m, ok, err := s.store.lock(ctx, id)
		switch {
		case err != nil:
			return err
		case !ok:
			return errNoMail
		case m.Status == statusSent:
			return problemEmailSent.New("This mail was sent already. Only failed and queued mails can be retried.")
		}
		err = s.store.requeue(ctx, id, s.clock.Now())
		db.AfterCommit(ctx, func() { s.queue.Enqueue(ctx, jobName, id) })
		return err
	})
}
