package notifications

import (
	"context"
	"fmt"
	"slices"

	"lyceum/modules/mail/mailapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
	"lyceum/platform/events"
	"lyceum/platform/ids"
)

// partSize is how many accounts one delivery tells: few enough for a transaction of a second.
const partSize = 200

// message is what accounts are told of an event.
type message struct {
	EventID string `json:"event_id"`
	Kind    string `json:"kind"`
	Title   string `json:"title"`
	Body    string `json:"body"`
	// Link is an address inside of the console, below PUBLIC_URL.
	Link           string            `json:"link"`
	AnnouncementID *string           `json:"announcement_id,omitempty"`
	Data           map[string]string `json:"data,omitempty"`
}

// partDue is the event of a part of a message's readers who wait for it.
type partDue struct {
	Message message  `json:"message"`
	UserIDs []string `json:"user_ids"`
}

// EventName implements events.Event.
func (partDue) EventName() string { return "notifications.part_due" }

// deliverInParts divides the readers into parts. Each is delivered by itself, after the commit.
func (s *Service) deliverInParts(ctx context.Context, m message, users []string) error {
	m.EventID = events.EventID(ctx)
	for part := range slices.Chunk(users, partSize) {
		if err := s.events.Publish(ctx, partDue{m, part}); err != nil {
			return err
		}
	}
	return nil
}

// onPartDue delivers a message to a part of its readers.
func (s *Service) onPartDue(ctx context.Context, p partDue) error {
	return s.deliverOnce(ctx, p.Message, p.UserIDs)
}

// deliverTo delivers a message to a few accounts in the transaction of the delivery.
func (s *Service) deliverTo(ctx context.Context, m message, users ...string) error {
	m.EventID = events.EventID(ctx)
	return s.deliverOnce(ctx, m, users)
}

// deliverOnce tells each account once, as its preference says, in one transaction. Deleted accounts
// are left out. A disabled account gets no mail.
func (s *Service) deliverOnce(ctx context.Context, m message, users []string) error {
	k, ok := findKind(m.Kind)
	if !ok {
		return fmt.Errorf("notifications: there is no kind %q", m.Kind)
	}
	accounts, err := s.accounts.ByIDs(ctx, users)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		notified, err := s.store.findNotified(ctx, m.EventID, m.Kind, users)
		if err != nil {
			return err
		}
		preferences, err := s.store.findPreferences(ctx, m.Kind, users)
		if err != nil {
			return err
		}
		var rows []notification
		for _, id := range users {
			a, exists := accounts[id]
			if !exists || slices.Contains(notified, id) {
				continue
			}
			notified = append(notified, id)
			p, isChosen := preferences[id]
			if !isChosen {
				p = k.defaultPreference(id)
			}
			rows = append(rows, s.newNotification(m, p))
			if a.Active && k.sendsMail(p) {
				if err := s.queueMail(ctx, k, m, a); err != nil {
					return err
				}
			}
		}
		db.AfterCommit(ctx, func() { s.pushToSockets(m, rows) })
		return s.store.insert(ctx, rows)
	})
}

// newNotification returns the notification of a message for an account with a preference.
func (s *Service) newNotification(m message, p preference) notification {
	return notification{
		ID: ids.New(), UserID: p.UserID, EventID: m.EventID, Kind: m.Kind, Title: m.Title, Body: m.Body, Link: m.Link,
		AnnouncementID: m.AnnouncementID, Hidden: !p.InApp, CreatedAt: s.clock.Now(),
	}
}

// queueMail queues the mail of a message to an account.
func (s *Service) queueMail(ctx context.Context, k kind, m message, a usersapi.Account) error {
	data := map[string]any{"DisplayName": a.DisplayName, "Link": s.publicURL + m.Link}
	for key, value := range m.Data {
		data[key] = value
	}
	return s.mailer.Queue(ctx, mailapi.Mail{
		Kind: k.template, To: a.Email, UserID: a.ID, Data: data, Unsubscribe: s.unsubscribeURL(k, a.ID),
	})
}

// pushToSockets shows notifications at once to the accounts that are connected.
func (s *Service) pushToSockets(m message, rows []notification) {
	if s.pusher == nil {
		return
	}
	for _, n := range rows {
		if n.Hidden {
			continue
		}
		if n.AnnouncementID != nil {
			n.Body = m.Data["Body"]
		}
		s.pusher.Push(n.UserID, newNotificationView(&n))
	}
}
