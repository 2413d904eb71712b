// Package mailtest has a mailapi.Mailer for the tests of modules that send mails.
package mailtest

import (
	"context"
	"slices"
	"sync"

	"lyceum/modules/mail/mailapi"
	"lyceum/platform/db"
	"lyceum/templates"
)

// Mailer keeps the mails that are queued, in memory. Like the module it renders each mail, so that
// a missing value of a template is an error, and it forgets the mails of a transaction that is
// rolled back. It is safe for concurrent use.
type Mailer struct {
	// PublicURL is the base of links.
	PublicURL string
	// QueueFunc, if set, is called before a mail is kept. Its error is returned by Queue.
	QueueFunc func(ctx context.Context, mails ...mailapi.Mail) error

	mu   sync.Mutex
	kept []mailapi.Mail
}

var _ mailapi.Mailer = (*Mailer)(nil)

// Queue implements mailapi.Mailer.
func (m *Mailer) Queue(ctx context.Context, mails ...mailapi.Mail) error {
	for _, mail := range mails {
		if err := m.render(mail); err != nil {
			return err
		}
	}
	if m.QueueFunc != nil {
		if err := m.QueueFunc(ctx, mails...); err != nil {
			return err
		}
	}
	db.AfterCommit(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.kept = append(m.kept, mails...)
	})
	return nil
}

func (m *Mailer) render(mail mailapi.Mail) error {
	data := map[string]any{"AppName": "Lyceum", "PublicURL": m.PublicURL}
	for k, v := range mail.Data {
		data[k] = v
	}
	_, err := templates.Render(mail.Kind, data)
	return err
}

// Link implements mailapi.Mailer.
func (m *Mailer) Link(page, name, secret string) string {
	return m.PublicURL + page + "#" + name + "=" + secret
}

// Mails returns the mails of committed transactions, in the order of their commits.
func (m *Mailer) Mails() []mailapi.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.kept)
}

// KindsTo returns the kinds of the mails to an account, in the order of their commits.
func (m *Mailer) KindsTo(userID string) []string {
	var kinds []string
	for _, mail := range m.Mails() {
		if mail.UserID == userID {
			kinds = append(kinds, mail.Kind)
		}
	}
	return kinds
}
