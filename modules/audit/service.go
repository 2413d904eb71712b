package audit

import (
	"context"
	"errors"
	"log/slog"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
)

// Service writes, verifies and reads the log. It is safe for concurrent use.
type Service struct {
	store   *store
	clock   clock.Clock
	key     []byte
	actions *auditapi.Actions
	// verifying has room for one value, which the walk that runs holds.
	verifying chan struct{}
}

func newService(s *store, c clock.Clock, k *keyring.Keys, a *auditapi.Actions) *Service {
	return &Service{s, c, k.DeriveKey(headKey), a, make(chan struct{}, 1)}
}

// SealEmptyLog seals the head of a log without entries. It is called when a database is set up,
// before the first account exists: an empty log whose head is not sealed is broken, as somebody may
// have emptied it. SealEmptyLog does not change a log that has begun. Several replicas may call it
// at once.
func SealEmptyLog(ctx context.Context, d *db.DB, k *keyring.Keys) error {
	var empty head
	return newStore(d).sealEmptyHead(ctx, empty.computeSeal(k.DeriveKey(headKey)))
}

// headKey names the key that seals the head.
const headKey = "audit head"

// pendingKey finds the pendingEntries of a transaction.
type pendingKey struct{}

// pendingEntries are the entries of a transaction that are not written yet.
type pendingEntries struct {
	entries []*entry
	// accept is a break that the last of the entries accepts.
	accept *logBreak
	// isScheduled says that writePending is among the functions of BeforeCommit that have not run
	// yet.
	isScheduled bool
}

// recordEntry adds an entry to the transaction. It returns an error for an action that no module
// declares. All entries are written together just before the commit: the head is locked for the
// shortest time, and as the last lock, so that no two changes wait for each other in a circle.
// Entries of a savepoint that is rolled back are not written.
func (s *Service) recordEntry(ctx context.Context, e auditapi.Entry) error {
	if err := s.actions.Check(e.Action, e.TargetType); err != nil {
		return err
	}
	record, err := newEntry(e, identity.CallerFrom(ctx))
	if err != nil {
		return err
	}
	db.BeforeCommit(ctx, func(ctx context.Context) error {
		p := s.pendingInTx(ctx)
		p.entries = append(p.entries, record)
		return nil
	})
	return nil
}

// pendingInTx returns the pending entries of the transaction and schedules their writing.
func (s *Service) pendingInTx(ctx context.Context) *pendingEntries {
	p, _ := db.TxValue(ctx, pendingKey{}, func() *pendingEntries { return &pendingEntries{} })
	if !p.isScheduled {
		p.isScheduled = true
		db.BeforeCommit(ctx, func(ctx context.Context) error { return s.writePending(ctx, p) })
	}
	return p
}

// writePending gives the entries their numbers, links them to the chain and moves the head. A
// broken head never stops a change: it gets a mark, which Verify reports from then on.
func (s *Service) writePending(ctx context.Context, p *pendingEntries) error {
	entries, accept := p.entries, p.accept
	*p = pendingEntries{} // another call writes entries that are added from here on
	h, last, err := s.store.lockHead(ctx)
	if err != nil {
		return err
	}
	if !h.isSealed(s.key) || last > h.Seq {
		tail, err := s.store.newestEntry(ctx)
		if err != nil {
			return err
		}
		h.markBreak(tail)
		slog.ErrorContext(ctx, "the end of the audit log does not hold; run lyceum audit verify",
			"first_bad_seq", h.firstOpenBreak())
	}
	if accept != nil {
		if accept.Strays, err = s.store.countStrays(ctx, h.Seq); err != nil {
			return err
		}
	}
	now := s.clock.Now()
	for _, e := range entries {
		e.CreatedAt = now
		e.appendTo(&h)
	}
	if accept != nil {
		h.acceptBreak(*accept, h.Seq)
	}
	h.Mac = h.computeSeal(s.key)
	return s.store.appendEntries(ctx, entries, h)
}

// ErrIntact is the error of accepting a break in an intact log.
var ErrIntact = errors.New("the log is intact: there is no break to accept")

// AcceptBreak writes the entry audit.break_accepted with the reason of the operator. From that
// entry on the log is intact again, and Verify lists the break. It is for a log that can't be
// repaired, such as after the keys of the server were lost. It returns ErrIntact if Verify finds no
// break.
func (s *Service) AcceptBreak(ctx context.Context, reason string) (accepted AcceptedBreak, err error) {
	v, err := s.Verify(ctx, nil)
	if err != nil {
		return accepted, err
	}
	if v.OK {
		return accepted, ErrIntact
	}
	b := logBreak{From: *v.FirstBadSeq}
	err = s.store.db.InTx(ctx, func(ctx context.Context) error {
		db.BeforeCommit(ctx, func(ctx context.Context) error {
			s.pendingInTx(ctx).accept = &b
			return nil
		})
		return s.recordEntry(ctx, auditapi.Entry{Action: "audit.break_accepted", TargetType: "audit_log",
			Data: map[string]any{"reason": reason, "first_bad_seq": b.From}})
	})
	if err != nil {
		return accepted, err
	}
	v, err = s.Verify(ctx, nil)
	if err != nil || !v.OK || len(v.AcceptedBreaks) == 0 {
		return accepted, errors.Join(err, errors.New("the acceptance was written, but the log still does not hold: "+v.Why))
	}
	return v.AcceptedBreaks[len(v.AcceptedBreaks)-1], nil
}
