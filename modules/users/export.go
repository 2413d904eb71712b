package users

import (
	"context"
	"errors"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
)

// export returns what writes everything that is held about the caller. It records that the caller takes it, if takes is set.
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

// write writes one JSON object: exported_at, account, and under the name of each module its lists of records. No part of it
// is ever held whole.
func (h *holders) write(ctx context.Context, to io.Writer, u *user) error {
	w := &exportWriter{encoder: jsontext.NewEncoder(to, jsontext.WithIndent(" "))}
	err := errors.Join(
		w.writeTokens(jsontext.BeginObject),
		w.writeMember("exported_at", h.service.clock.Now()),
		w.writeMember("account", accountRecord{meOf(u).Body, u.Status, u.UpdatedAt.String(), timeOr(u)}),
	)
	for _, holder := range h.all {
		if err != nil {
			return err
		}
		err = w.writeModule(holder.Module(), func(record usersapi.Record) error { return holder.Export(ctx, u.ID, record) })
	}
	return errors.Join(err, w.writeTokens(jsontext.EndObject))
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

// exportWriter writes objects of lists, record by record.
type exportWriter struct {
	encoder *jsontext.Encoder
	// section is the list that is open, "" if none is.
	section string
}

func (e *exportWriter) writeTokens(tokens ...jsontext.Token) error {
	for _, token := range tokens {
		if err := e.encoder.WriteToken(token); err != nil {
			return err
		}
	}
	return nil
}

func (e *exportWriter) writeMember(name string, value any) error {
	if err := e.writeTokens(jsontext.String(name)); err != nil {
		return err
	}
	return json.MarshalEncode(e.encoder, value, json.FormatNilSliceAsNull(true))
}

// writeModule writes the object of a module, which export fills.
func (e *exportWriter) writeModule(name string, export func(usersapi.Record) error) error {
	if err := e.writeTokens(jsontext.String(name), jsontext.BeginObject); err != nil {
		return err
	}
	e.section = ""
	if err := export(e.writeRecord); err != nil {
		return err
	}
	return errors.Join(e.closeSection(), e.writeTokens(jsontext.EndObject))
}

// writeRecord implements usersapi.Record: records of one section follow each other.
func (e *exportWriter) writeRecord(section string, value any) error {
	if section != e.section {
		if err := e.closeSection(); err != nil {
			return err
		}
		if err := e.writeTokens(jsontext.String(section), jsontext.BeginArray); err != nil {
			return err
		}
		e.section = section
	}
	return json.MarshalEncode(e.encoder, value, json.FormatNilSliceAsNull(true))
}

func (e *exportWriter) closeSection() error {
	if e.section == "" {
		return nil
	}
	return e.writeTokens(jsontext.EndArray)
}
