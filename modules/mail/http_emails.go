package mail

import (
	"context"
	"net/http"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/keyset"
)

// handlers answers the requests of the module.
type handlers struct {
	service *Service
	cursors *pagination.Cursors
}

func newHandlers(s *Service, c *pagination.Cursors) *handlers { return &handlers{s, c} }

// view is a mail as administrators see it, without its text.
type view struct {
	ID        string      `json:"id"`
	To        string      `json:"to"`
	Subject   string      `json:"subject"`
	Kind      string      `json:"kind"`
	Status    string      `json:"status" enum:"queued,sent,failed"`
	Attempts  int         `json:"attempts"`
	LastError *string     `json:"last_error"`
	CreatedAt clock.Time  `json:"created_at"`
	SentAt    *clock.Time `json:"sent_at" nullable:"true"`
}

func newMailView(m *storedMail) view {
	v := view{
		ID: m.ID, To: m.Recipient, Subject: m.Subject, Kind: m.Kind, Status: m.Status,
		Attempts: m.Attempts, CreatedAt: m.CreatedAt, SentAt: m.SentAt,
	}
	if m.LastError != "" {
		v.LastError = &m.LastError
	}
	return v
}

type listInput struct {
	pagination.Query
	Status string `query:"status" enum:"queued,sent,failed"`
}

const listMailsDoc = "For administrators. Returns mails, the newest first, without their texts. last_error says " +
	"why the last attempt failed."

// listMails answers GET /admin/emails.
func (h *handlers) listMails(ctx context.Context, in *listInput) (*pagination.Response[view], error) {
	return pagination.List(ctx, h.cursors.NewRequest("emails", in.Status, in.Query),
		func(after *keyset.Position, limit int) ([]storedMail, error) {
			return h.service.list(ctx, in.Status, after, limit)
		},
		pagination.ViewEach(newMailView),
		func(m *storedMail) keyset.Position { return keyset.Position{CreatedAt: m.CreatedAt, ID: m.ID} })
}

type retryInput struct {
	Status string `query:"status" enum:"failed,queued" default:"failed" doc:"Which mails: those that failed, or those that wait for their next attempt"`
}

// retriedView is how many mails are tried again.
type retriedView struct {
	Count int `json:"count" doc:"How many mails are tried again"`
}

const retryMailsDoc = "For administrators. Makes all mails of the status due now and says how many they are. They " +
	"are tried for as long as new mails."

// retryMails answers POST /admin/emails/retry.
func (h *handlers) retryMails(ctx context.Context, in *retryInput) (*httpx.Response[retriedView], error) {
	count, err := h.service.retryAll(ctx, in.Status)
	if err != nil {
		return nil, err
	}
	return httpx.OK(retriedView{count}).WithStatus(http.StatusAccepted), nil
}

type idInput struct {
	ID string `path:"id"`
}

const retryMailDoc = "For administrators. Makes a mail that failed or waits due now. A mail that was sent is 409 " +
	"email-sent."

// retryMail answers POST /admin/emails/{id}/retry.
func (h *handlers) retryMail(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.service.retry(ctx, in.ID)
}
