// Package telemetry is what an operator sees of a running server: logs without secrets, metrics, traces.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"

	"github.com/mattn/go-isatty"
)

// secretNames are attributes whose value is never written.
var secretNames = map[string]bool{
	"password": true, "token": true, "ticket": true, "secret": true, "authorization": true, "code": true,
	"access_token": true, "refresh_token": true, "cookie": true, "challenge": true,
}

// secretText finds credentials inside other text: JWTs, bearer headers, token parameters, URL passwords.
var secretText = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.?[A-Za-z0-9_-]*|(?i)(bearer\s+)[^\s"]+|([?&](?:token|ticket|code|sig|signature|X-Amz-Signature)=)[^&\s"]+|(://[^:/@\s"]+:)[^@\s"]+(@)`)

// Redact replaces what looks like a credential.
func Redact(s string) string {
	if !strings.ContainsAny(s, "=:. ") {
		return s
	}
	return secretText.ReplaceAllString(s, "${1}${2}${3}[redacted]${4}")
}

// IsText reports whether LOG_FORMAT means text for people: an empty one does when w is a terminal, and JSON otherwise.
func IsText(w io.Writer, format string) bool {
	if format != "" {
		return format == "text"
	}
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// NewLogger writes text or JSON at the given level, credentials redacted; see IsText for an empty format.
func NewLogger(w io.Writer, level, format string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level))
	o := &slog.HandlerOptions{Level: l, ReplaceAttr: redactAttr}
	if IsText(w, format) {
		return slog.New(&redacting{slog.NewTextHandler(w, o)})
	}
	return slog.New(&redacting{slog.NewJSONHandler(w, o)})
}

func redactAttr(_ []string, a slog.Attr) slog.Attr {
	if secretNames[strings.ToLower(a.Key)] {
		return slog.String(a.Key, "[redacted]")
	}
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(Redact(v))
	case error:
		a.Value = slog.StringValue(Redact(v.Error()))
	}
	return a
}

// redacting cleans messages too; attributes are cleaned by redactAttr.
type redacting struct{ slog.Handler }

// Handle cleans the message and hands on.
func (h *redacting) Handle(ctx context.Context, r slog.Record) error {
	r.Message = Redact(r.Message)
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the cleaning.
func (h *redacting) WithAttrs(a []slog.Attr) slog.Handler {
	return &redacting{h.Handler.WithAttrs(a)}
}

// WithGroup keeps the cleaning.
func (h *redacting) WithGroup(name string) slog.Handler { return &redacting{h.Handler.WithGroup(name)} }
