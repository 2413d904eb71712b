// Package mail owns the mails that modules want sent: rows in the database, the job that sends them,
// retries, and the administrator's view of them.
package mail

import (
	"context"
	"net/http"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/identity"
	"lyceum/platform/keyset"
)

// NewRoutes are the administrator's view of mail; they stay whichever modules are off.
func NewRoutes(m *Mailer, c *pagination.Cursors) httpx.Table {
	h := &handlers{m, c}
	return httpx.Table{Module: "mail", Routes: []httpx.Route{
		httpx.Get("/admin/emails", httpx.Needs(identity.MailManage), "Mails, the newest first", h.list),
		httpx.Post("/admin/emails/retry", httpx.Needs(identity.MailManage), "Try all mails of a status again now", h.retryAll, httpx.Status(http.StatusAccepted)),
		httpx.Post("/admin/emails/{id}/retry", httpx.Needs(identity.MailManage), "Try a mail again now", h.retry, httpx.Status(http.StatusAccepted)),
	}}
}

type handlers struct {
	mailer  *Mailer
	cursors *pagination.Cursors
}

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

type listInput struct {
	pagination.Query
	Status string `query:"status" enum:"queued,sent,failed"`
}

func (h *handlers) list(ctx context.Context, in *listInput) (*pagination.Response[view], error) {
	return pagination.List(ctx, h.cursors.Request("emails", in.Status, in.Query),
		func(after *keyset.Position, limit int) ([]row, error) {
			return h.mailer.list(ctx, in.Status, after, limit)
		},
		pagination.Each(viewOf),
		func(r *row) keyset.Position { return keyset.Position{CreatedAt: r.CreatedAt, ID: r.ID} })
}

func viewOf(r *row) view {
	v := view{ID: r.ID, To: r.Recipient, Subject: r.Subject, Kind: r.Kind, Status: r.Status, Attempts: r.Attempts, CreatedAt: r.CreatedAt, SentAt: r.SentAt}
	if r.LastError != "" {
		v.LastError = &r.LastError
	}
	return v
}

type retryInput struct {
	Status string `query:"status" enum:"failed,queued" default:"failed" doc:"Which mails: those that failed, or those that wait for their next attempt"`
}

type retriedView struct {
	Count int `json:"count" doc:"How many mails are tried again"`
}

func (h *handlers) retryAll(ctx context.Context, in *retryInput) (*httpx.Out[retriedView], error) {
	count, err := h.mailer.retryAll(ctx, in.Status)
	if err != nil {
		return nil, err
	}
	return httpx.OK(retriedView{count}).WithStatus(http.StatusAccepted), nil
}

type idInput struct {
	ID string `path:"id"`
}

func (h *handlers) retry(ctx context.Context, in *idInput) (*httpx.Empty, error) {
	return nil, h.mailer.retry(ctx, in.ID)
}
