package courses

import (
	"context"

	"lyceum/platform/bulk"
	"lyceum/platform/httpx"
)

type batchInput struct {
	ID   string `path:"id"`
	Body struct {
		Mode   string `json:"mode,omitempty" enum:"atomic,partial" default:"partial" doc:"atomic: a row with an error keeps all from being written"`
		DryRun bool   `json:"dry_run,omitempty" doc:"Tell what would happen, and do nothing"`
		Rows   []struct {
			Email string `json:"email"`
		} `json:"rows" nullable:"false" minItems:"1" maxItems:"1000"`
	}
}

type batchRowView struct {
	Row    int    `json:"row" doc:"Counts from 1, without a header line"`
	Email  string `json:"email"`
	Status string `json:"status" enum:"created,exists,error,skipped"`
	Error  string `json:"error,omitempty" enum:"invalid-email,no-account"`
}

type batchView struct {
	Results []batchRowView `json:"results" nullable:"false" doc:"One for each row, in their order"`
	Created int            `json:"created"`
	Exists  int            `json:"exists"`
	Errors  int            `json:"errors"`
}

func (h *handlers) enrollAll(ctx context.Context, in *batchInput) (*httpx.Response[batchView], error) {
	b := batch{Atomic: in.Body.Mode == "atomic", DryRun: in.Body.DryRun, Emails: make([]string, len(in.Body.Rows))}
	for i, r := range in.Body.Rows {
		b.Emails[i] = r.Email
	}
	rows, err := h.service.enrollAll(ctx, in.ID, b)
	if err != nil {
		return nil, err
	}
	v := batchView{Results: make([]batchRowView, len(rows))}
	for i, r := range rows {
		v.Results[i] = batchRowView{i + 1, r.Email, r.Status, r.Error}
	}
	v.Created, v.Exists, v.Errors = bulk.CountStatuses(rows)
	return httpx.OK(v), nil
}
