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

// partSize is how many accounts a part has: few enough for a transaction of a second.
const partSize = 200

// notice is what accounts are told. Each of them gets a notification with its content.
type notice struct {
	// EventID becomes notification.EventID.
	EventID string `json:"event_id"`
	Kind    string `json:"kind"`
	Title   string `json:"title"`
	Body    string `json:"body"`
	// Link is a path in the console, such as /#/courses/…; it follows PUBLIC_URL.
	Link string `json:"link"`
	// AnnouncementID is set if the notice is an announcement. Its text is then not in Body.
	AnnouncementID *string `json:"announcement_id,omitempty"`
	// MailData fills the template of the mail. The text of an announcement is its value Body.
	MailData map[string]string `json:"data,omitempty"`
}

// partDue is work that the module leaves to itself: up to partSize accounts are to be told.
type partDue struct {
	Notice  notice   `json:"message"`
	UserIDs []string `json:"user_ids"`
}

// EventName implements events.Event.
func (partDue) EventName() string { return "notifications.part_due" }

// publishParts divides the accounts into parts and publishes partDue for each, in the transaction
// of the event's handler.
func (s *Service) publishParts(ctx context.Context, n notice, users []string) error {
	n.EventID = events.EventID(ctx)
	for part := range slices.Chunk(users, partSize) {
		if err := s.events.Publish(ctx, partDue{n, part}); err != nil {
			return err
		}
	}
	return nil
}

// onPartDue tells the accounts of a part.
func (s *Service) onPartDue(ctx context.Context, p partDue) error {
	return s.notifyAccounts(ctx, p.Notice, p.UserIDs)
}

// notifyAccount tells one account, in the transaction of the event's handler.
func (s *Service) notifyAccount(ctx context.Context, n notice, userID string) error {
	n.EventID = events.EventID(ctx)
	return s.notifyAccounts(ctx, n, []string{userID})
}

// notifyAccounts tells each account once, as its preference says, in one transaction. Deleted
// accounts are left out. A disabled account gets no mail. It returns an error for an unknown kind
// and for a mail that lacks a value.
func (s *Service) notifyAccounts(ctx context.Context, n notice, users []string) error {
	k, ok := findKind(n.Kind)
	if !ok {
		return fmt.Errorf("notifications: there is no kind %q", n.Kind)
	}
	accounts, err := s.accounts.ByIDs(ctx, users)
	if err != nil {
		return err
	}
	// A handler has a transaction already, and this is a savepoint of it.
	return s.db.InTx(ctx, func(ctx context.Context) error {
		notified, err := s.store.findNotified(ctx, n.EventID, n.Kind, users)
		if err != nil {
			return err
		}
		preferences, err := s.store.findPreferences(ctx, n.Kind, users)
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
			rows = append(rows, s.newNotification(n, p))
			if a.Active && k.sendsMail(p) {
				if err := s.queueMail(ctx, k, n, a); err != nil {
					return err
				}
			}
		}
		db.AfterCommit(ctx, func() { s.pushToSockets(n, rows) })
		return s.store.insert(ctx, rows)
	})
}

// newNotification returns the notification by which an account with this preference gets a notice.
func (s *Service) newNotification(n notice, p preference) notification {
	return notification{
		ID: ids.New(), UserID: p.UserID, EventID: n.EventID, Kind: n.Kind, Title: n.Title, Body: n.Body, Link: n.Link,
		AnnouncementID: n.AnnouncementID, Hidden: !p.InApp, CreatedAt: s.clock.Now(),
	}
}

// queueMail queues the mail of a notice to an account.
func (s *Service) queueMail(ctx context.Context, k kind, n notice, a usersapi.Account) error {
	data := map[string]any{"DisplayName": a.DisplayName, "Link": s.publicURL + n.Link}
	for key, value := range n.MailData {
		data[key] = value
	}
	return s.mailer.Queue(ctx, mailapi.Mail{
		Kind: k.template, // a kind of mail is the name of its template
		To:   a.Email, UserID: a.ID, Data: data, Unsubscribe: s.unsubscribeURL(k, a.ID),
	})
}

// pushToSockets shows notifications at once to the accounts that are connected.
func (s *Service) pushToSockets(n notice, rows []notification) {
	if s.pusher == nil {
		return
	}
	for _, row := range rows {
		if row.Hidden {
			continue
		}
		if row.AnnouncementID != nil {
			row.Body = n.MailData["Body"]
		}
		s.pusher.Push(row.UserID, newNotificationView(&row))
	}
}
