package db

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"gorm.io/gorm"

	"lyceum/platform/telemetry"
)

// tracer makes a span of each statement of a trace. A statement that belongs to none gets no span:
// backgrounds ask every second.
var tracer = otel.Tracer("lyceum/db")

// statementSpan are the options of that span.
var statementSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient)}

// startStatement counts a statement with ctx, and starts its span if ctx belongs to a trace. The caller
// passes the span, which is nil if nobody traces, to endStatement.
func (d *DB) startStatement(ctx context.Context, query string) (context.Context, trace.Span) {
	countStatement(ctx)
	return d.startSpan(ctx, query)
}

// startSpan is startStatement without the count. The span has the text of the statement, in which values have
// placeholders.
func (d *DB) startSpan(ctx context.Context, query string) (context.Context, trace.Span) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, nil
	}
	ctx, span := tracer.Start(ctx, "SQL", statementSpan...)
	span.SetAttributes(attribute.String("db.system.name", d.systemName()))
	describeStatement(span, query)
	return ctx, span
}

// systemName returns the name of the database in OpenTelemetry's conventions.
func (d *DB) systemName() string {
	if d.dialect == Postgres {
		return "postgresql"
	}
	return "sqlite"
}

// describeStatement names a span after its statement, such as SELECT.
func describeStatement(span trace.Span, query string) {
	query = strings.TrimSpace(query)
	if query == "" {
		return
	}
	operation := strings.Clone(strings.ToUpper(query[:len(query)-len(strings.TrimLeft(query, letters))]))
	span.SetName(operation)
	span.SetAttributes(attribute.String("db.operation.name", operation), telemetry.TextAttribute("db.query.text", query))
}

// letters are those of the words of SQL.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// endStatement ends the span of startStatement. A query that finds nothing is no failure.
func endStatement(span trace.Span, err error) {
	if span == nil {
		return
	}
	if IsNotFound(err) {
		err = nil
	}
	telemetry.EndSpan(span, err)
}

// registerTracing makes GORM count its statements and make spans of them.
func (d *DB) registerTracing(g *gorm.DB) error {
	start := func(tx *gorm.DB) { tx.Statement.Context, _ = d.startStatement(tx.Statement.Context, "") }
	end := func(tx *gorm.DB) {
		span := trace.SpanFromContext(tx.Statement.Context)
		if !span.IsRecording() {
			return
		}
		describeStatement(span, tx.Statement.SQL.String())
		endStatement(span, tx.Error)
	}
	cb := g.Callback()
	for _, register := range []func(string, func(*gorm.DB)) error{
		cb.Create().Before("*").Register, cb.Query().Before("*").Register, cb.Update().Before("*").Register,
		cb.Delete().Before("*").Register, cb.Row().Before("*").Register, cb.Raw().Before("*").Register,
	} {
		if err := register("lyceum:start", start); err != nil {
			return err
		}
	}
	for _, register := range []func(string, func(*gorm.DB)) error{
		cb.Create().After("*").Register, cb.Query().After("*").Register, cb.Update().After("*").Register,
		cb.Delete().After("*").Register, cb.Row().After("*").Register, cb.Raw().After("*").Register,
	} {
		if err := register("lyceum:end", end); err != nil {
			return err
		}
	}
	return nil
}
