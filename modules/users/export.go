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

// exporter writes the file of everything that all modules hold about an account.
type exporter struct {
	service *Service
	holders []usersapi.Holder
}

func newExporter(s *Service, p HolderParams) *exporter { return &exporter{s, p.sort()} }

// exportCaller returns a function that writes the export of the caller. With isAudited it publishes
// the audit entry of the export, even if the function is not called afterwards.
func (e *exporter) exportCaller(
	ctx context.Context, isAudited bool,
) (write func(context.Context, io.Writer) error, err error) {
	a, err := e.service.getCaller(ctx)
	if err != nil {
		return nil, err
	}
	if isAudited {
		err = e.service.db.InTx(ctx, func(ctx context.Context) error {
			return e.service.publishEntry(ctx, auditapi.Entry{Action: "user.exported", TargetID: a.ID})
		})
	}
	return func(ctx context.Context, w io.Writer) error { return e.writeExport(ctx, w, a) }, err
}

// writeExport writes one JSON object: exported_at, account, and under the name of each module its
// lists of records. No list is in memory as a whole.
func (e *exporter) writeExport(ctx context.Context, to io.Writer, a *account) error {
	w := &exportWriter{encoder: jsontext.NewEncoder(to, jsontext.WithIndent(" "))}
	err := errors.Join(
		w.writeTokens(jsontext.BeginObject),
		w.writeMember("exported_at", e.service.clock.Now()),
		w.writeMember("account", newAccountRecord(a)),
	)
	for _, holder := range e.holders {
		if err != nil {
			return err
		}
		err = w.writeModule(holder.Module(), func(record usersapi.Record) error {
			return holder.Export(ctx, a.ID, record)
		})
	}
	return errors.Join(err, w.writeTokens(jsontext.EndObject))
}

// accountRecord is the account itself in its export.
type accountRecord struct {
	meView
	Status      string  `json:"status"`
	UpdatedAt   string  `json:"updated_at"`
	LastLoginAt *string `json:"last_login_at"`
}

func newAccountRecord(a *account) accountRecord {
	r := accountRecord{meView: newMeView(a), Status: a.Status, UpdatedAt: a.UpdatedAt.String()}
	if a.LastLoginAt != nil {
		lastLogin := a.LastLoginAt.String()
		r.LastLoginAt = &lastLogin
	}
	return r
}

// exportWriter writes an object of objects of lists, record by record.
type exportWriter struct {
	encoder *jsontext.Encoder
	// section is the list that is open, "" if none is.
	section string
}

// writeTokens writes tokens one after another.
func (w *exportWriter) writeTokens(tokens ...jsontext.Token) error {
	for _, token := range tokens {
		if err := w.encoder.WriteToken(token); err != nil {
			return err
		}
	}
	return nil
}

// writeMember writes a member of the open object.
func (w *exportWriter) writeMember(name string, value any) error {
	if err := w.writeTokens(jsontext.String(name)); err != nil {
		return err
	}
	return json.MarshalEncode(w.encoder, value, json.FormatNilSliceAsNull(true))
}

// writeModule writes the object of a module, whose records export hands over.
func (w *exportWriter) writeModule(name string, export func(usersapi.Record) error) error {
	if err := w.writeTokens(jsontext.String(name), jsontext.BeginObject); err != nil {
		return err
	}
	w.section = ""
	if err := export(w.writeRecord); err != nil {
		return err
	}
	return errors.Join(w.closeSection(), w.writeTokens(jsontext.EndObject))
}

// writeRecord implements usersapi.Record. A record of another section begins a new list.
func (w *exportWriter) writeRecord(section string, value any) error {
	if section != w.section {
		if err := w.closeSection(); err != nil {
			return err
		}
		if err := w.writeTokens(jsontext.String(section), jsontext.BeginArray); err != nil {
			return err
		}
		w.section = section
	}
	return json.MarshalEncode(w.encoder, value, json.FormatNilSliceAsNull(true))
}

// closeSection ends the list that is open, if one is.
func (w *exportWriter) closeSection() error {
	if w.section == "" {
		return nil
	}
	return w.writeTokens(jsontext.EndArray)
}
