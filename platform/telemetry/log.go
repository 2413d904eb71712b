// Package telemetry holds what an operator sees of a running server: logs without secrets, metrics
// and traces.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"

	"github.com/mattn/go-isatty"
	"go.opentelemetry.io/otel/trace"
)

// secretNames are the attributes whose values are never written, in lower case.
var secretNames = map[string]bool{
	"password": true, "token": true, "ticket": true, "secret": true, "authorization": true, "code": true,
	"access_token": true, "refresh_token": true, "cookie": true, "challenge": true,
}

// redactedText stands in the place of a secret.
const redactedText = "[redacted]"

// secretPatterns match credentials inside of other text. The groups keep what shows which credential
// it was.
var secretPatterns = regexp.MustCompile(strings.Join([]string{
	// JSON Web Tokens: two or three base64url parts, the first of which is a JSON object
	`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*`,
	// the value of an Authorization header
	`(?i)(bearer\s+)[^\s"]+`,
	// parameters of a URL, among them those of signed URLs
	`([?&](?:token|ticket|code|sig|signature|X-Amz-Signature)=)[^&\s"]+`,
	// the password of a URL, with or without a user, as in redis://:password@host
	`(://[^:/@\s"]*:)[^@\s"]+(@)`,
}, "|"))

// RedactSecrets returns a text with [redacted] in the place of everything that looks like a
// credential.
func RedactSecrets(s string) string {
	if !strings.ContainsAny(s, "=:. ") { // every pattern needs one of these; most attributes have none
		return s
	}
	return secretPatterns.ReplaceAllString(s, "${1}${2}${3}"+redactedText+"${4}")
}

// IsText returns whether LOG_FORMAT asks for text instead of JSON. An empty format means text if w is
// a terminal.
func IsText(w io.Writer, format string) bool {
	if format != "" {
		return format == "text"
	}
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// NewLogger returns a logger that writes records of at least the given level to w and redacts
// credentials in messages and attributes. See IsText for the format. A level that slog does not know
// means info; config refuses one.
func NewLogger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level))
	o := &slog.HandlerOptions{Level: l, ReplaceAttr: redactAttr}
	if IsText(w, format) {
		return slog.New(&redactingHandler{slog.NewTextHandler(w, o)})
	}
	return slog.New(&redactingHandler{slog.NewJSONHandler(w, o)})
}

// redactAttr returns an attribute without credentials. Errors become their redacted text.
func redactAttr(_ []string, a slog.Attr) slog.Attr {
	if secretNames[strings.ToLower(a.Key)] {
		return slog.String(a.Key, redactedText)
	}
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(RedactSecrets(v))
	case error:
		a.Value = slog.StringValue(RedactSecrets(v.Error()))
	}
	return a
}

// redactingHandler redacts messages, which ReplaceAttr does not see, and adds what the context knows.
// Attributes are redacted by redactAttr.
type redactingHandler struct{ slog.Handler }

// Handle passes the record on with a redacted message, the ids of the trace and the span of ctx, and the id
// of the request that ctx belongs to or that has caused its work.
func (h *redactingHandler) Handle(ctx context.Context, r slog.Record) error {
	r.Message = RedactSecrets(r.Message)
	if request := RequestFrom(ctx); request != nil && !hasAttr(r, "request_id") {
		r.AddAttrs(slog.String("request_id", request.RequestID()))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// hasAttr reports whether a record has an attribute of its own with a name.
func hasAttr(r slog.Record, name string) (has bool) {
	r.Attrs(func(a slog.Attr) bool {
		has = a.Key == name
		return !has
	})
	return has
}

// WithAttrs returns a handler with further attributes that redacts messages too.
func (h *redactingHandler) WithAttrs(a []slog.Attr) slog.Handler {
	return &redactingHandler{h.Handler.WithAttrs(a)}
}

// WithGroup returns a handler with an open group that redacts messages too.
func (h *redactingHandler) WithGroup(name string) slog.Handler {
	return &redactingHandler{h.Handler.WithGroup(name)}
}
