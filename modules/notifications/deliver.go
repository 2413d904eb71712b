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

// partSize is how many people one delivery serves: few enough for a transaction of a second.
const partSize = 200

// message is what people are told.
type message struct {
	EventID string `json:"event_id"`
	Kind    string `json:"kind"`
	Title   string `json:"title"`
	Body    string `json:"body"`
	// Link is an address inside the console, below the configured PUBLIC_URL.
	Link           string            `json:"link"`
	AnnouncementID *string           `json:"announcement_id,omitempty"`
	Data           map[string]string `json:"data,omitempty"`
}

// partDue tells that some of a message's readers wait for it.
type partDue struct {
	Message message  `json:"message"`
	UserIDs []string `json:"user_ids"`
}

// EventName implements events.Event.
func (partDue) EventName() string { return "notifications.part_due" }

// spread cuts the readers into parts that are delivered one by one.
func (s *Service) spread(ctx context.Context, m message, users []string) error {
	m.EventID = events.EventID(ctx)
	for part := range slices.Chunk(users, partSize) {
		if err := s.events.Publish(ctx, partDue{m, part}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) onPartDue(ctx context.Context, p partDue) error {
	return s.deliver(ctx, p.Message, p.UserIDs)
}

// tell delivers a message to few.
func (s *Service) tell(ctx context.Context, m message, users ...string) error {
	m.EventID = events.EventID(ctx)
	return s.deliver(ctx, m, users)
}

// deliver tells each of the users once, the way he wants it, in one transaction. Whoever has no
// account any more is passed over; a disabled account gets no mail.
func (s *Service) deliver(ctx context.Context, m message, users []string) error {
	k, ok := kindOf(m.Kind)
	if !ok {
		return fmt.Errorf("notifications: there is no kind %q", m.Kind)
	}
	accounts, err := s.accounts.ByIDs(ctx, users)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context) error {
		told, err := s.store.told(ctx, m.EventID, m.Kind, users)
		if err != nil {
			return err
		}
		choices, err := s.store.choices(ctx, m.Kind, users)
		if err != nil {
			return err
		}
		var rows []notification
		for _, id := range users {
			a, exists := accounts[id]
			if !exists || slices.Contains(told, id) {
				continue
			}
			told = append(told, id)
			p, chosen := choices[id]
			if !chosen {
				p = k.standard(id)
			}
			rows = append(rows, s.row(m, p))
			if a.Active && k.mails(p) {
				if err := s.mail(ctx, k, m, a); err != nil {
					return err
				}
			}
		}
		db.AfterCommit(ctx, func() { s.push(m, rows) })
		return s.store.insert(ctx, rows)
	})
}

func (s *Service) row(m message, p preference) notification {
	return notification{ID: ids.New(), UserID: p.UserID, EventID: m.EventID, Kind: m.Kind, Title: m.Title, Body: m.Body, Link: m.Link,
		AnnouncementID: m.AnnouncementID, Hidden: !p.InApp, CreatedAt: s.clock.Now()}
}

func (s *Service) mail(ctx context.Context, k kind, m message, a usersapi.Account) error {
	data := map[string]any{"DisplayName": a.DisplayName, "Link": s.publicURL + m.Link}
	for key, value := range m.Data {
		data[key] = value
	}
	return s.mailer.Queue(ctx, mailapi.Mail{Kind: k.template, To: a.Email, UserID: a.ID, Data: data, Unsubscribe: s.unsubscribeURL(k, a.ID)})
}

// push shows rows at once to those who are connected.
func (s *Service) push(m message, rows []notification) {
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
		s.pusher.Push(n.UserID, viewOf(&n))
	}
}
