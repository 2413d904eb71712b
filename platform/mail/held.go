package mail

import (
	"context"

	"lyceum/platform/clock"
)

// Held is what is kept of a mail to an account: never its text.
type Held struct {
	ID        string      `json:"id"`
	Kind      string      `json:"kind"`
	Recipient string      `json:"to"`
	Subject   string      `json:"subject"`
	Status    string      `json:"status"`
	CreatedAt clock.Time  `json:"created_at"`
	SentAt    *clock.Time `json:"sent_at"`
}

// heldPage is how many rows Held reads at once.
const heldPage = 500

// Held hands over what is kept of the mails to an account, the oldest first.
func (m *Mailer) Held(ctx context.Context, userID string, record func(Held) error) error {
	after := ""
	for {
		q := m.db.Conn(ctx).Table("mail_messages").Select("id, kind, recipient, subject, status, created_at, sent_at").Where("user_id = ?", userID)
		if after != "" {
			q = q.Where("id > ?", after) // ids rise with time
		}
		var found []Held
		if err := q.Order("id").Limit(heldPage).Scan(&found).Error; err != nil {
			return err
		}
		for _, h := range found {
			if err := record(h); err != nil {
				return err
			}
			after = h.ID
		}
		if len(found) < heldPage {
			return nil
		}
	}
}

// Forget removes the mails to an account and its address, if one is given, sent or not, in the caller's transaction.
func (m *Mailer) Forget(ctx context.Context, userID, email string) error {
	return m.db.Conn(ctx).Exec("DELETE FROM mail_messages WHERE user_id = ? OR recipient = ? AND recipient <> ''", userID, email).Error
}
