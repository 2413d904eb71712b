package users

import (
	"bufio"
	"context"
	"encoding/json"
	"io"

	"lyceum/modules/audit/auditapi"
)

// export gives what writes everything that is held about the caller, and writes down that he takes it.
func (h *holders) export(ctx context.Context, takes bool) (func(context.Context, io.Writer) error, error) {
	u, err := h.service.caller(ctx)
	if err != nil {
		return nil, err
	}
	if takes {
		err = h.service.db.InTx(ctx, func(ctx context.Context) error {
			return h.service.record(ctx, auditapi.Entry{Action: "user.exported", TargetID: u.ID})
		})
	}
	return func(ctx context.Context, w io.Writer) error { return h.write(ctx, w, u) }, err
}

// write gives one JSON object: exported_at, account, and under the name of each module its lists of
// records. No part of it is ever held whole.
func (h *holders) write(ctx context.Context, to io.Writer, u *user) error {
	w := &exportWriter{w: bufio.NewWriterSize(to, 32<<10)}
	w.member("exported_at", h.service.clock.Now())
	w.member("account", accountRecord{meOf(u).Body, u.Status, u.UpdatedAt.String(), timeOr(u)})
	for _, holder := range h.all {
		w.open(holder.Module())
		if err := holder.Export(ctx, u.ID, w.record); err != nil {
			return err
		}
		w.close()
	}
	return w.end()
}

type accountRecord struct {
	meView
	Status      string  `json:"status"`
	UpdatedAt   string  `json:"updated_at"`
	LastLoginAt *string `json:"last_login_at"`
}

func timeOr(u *user) *string {
	if u.LastLoginAt == nil {
		return nil
	}
	s := u.LastLoginAt.String()
	return &s
}

// exportWriter writes one JSON object of objects of lists, record by record. The first fault stays.
type exportWriter struct {
	w       *bufio.Writer
	begun   bool
	section string
	err     error
}

func (e *exportWriter) text(s string) {
	if e.err == nil {
		_, e.err = e.w.WriteString(s)
	}
}

func (e *exportWriter) json(v any) {
	raw, err := json.Marshal(v)
	if err != nil && e.err == nil {
		e.err = err
	}
	e.text(string(raw))
}

func (e *exportWriter) name(name string) {
	if e.begun {
		e.text(",\n")
	} else {
		e.text("{\n")
	}
	e.begun = true
	e.json(name)
	e.text(": ")
}

func (e *exportWriter) member(name string, v any) { e.name(name); e.json(v) }

// open begins the object of a module, close ends it.
func (e *exportWriter) open(name string) { e.name(name); e.text("{"); e.section = "" }

func (e *exportWriter) close() {
	if e.section != "" {
		e.text("\n ]")
	}
	e.text("}")
}

func (e *exportWriter) record(section string, v any) error {
	switch e.section {
	case section:
		e.text(",\n  ")
	case "":
		e.text("\n ")
		e.json(section)
		e.text(": [\n  ")
	default:
		e.text("\n ],\n ")
		e.json(section)
		e.text(": [\n  ")
	}
	e.section = section
	e.json(v)
	return e.err
}

func (e *exportWriter) end() error {
	e.text("\n}\n")
	if e.err == nil {
		e.err = e.w.Flush()
	}
	return e.err
}
