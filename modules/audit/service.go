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

// Service appends to the log, checks it and hands it out.
type Service struct {
	store   *store
	clock   clock.Clock
	key     []byte
	actions *auditapi.Actions
	// verifying has a place for the one walk over the chain at a time.
	verifying chan struct{}
}

func newService(s *store, c clock.Clock, k *keyring.Keys, a *auditapi.Actions) *Service {
	return &Service{s, c, k.DeriveKey(headKey), a, make(chan struct{}, 1)}
}

// SealEmptyLog seals the head of a log that nothing was written to. Call it when a database is set up, before its first
// account exists: an empty log whose head is not sealed does not hold, as somebody may have emptied it. It does nothing to
// a log that has begun, and may be called by several replicas at once.
func SealEmptyLog(ctx context.Context, d *db.DB, k *keyring.Keys) error {
	var empty head
	return newStore(d).sealEmptyHead(ctx, empty.seal(k.DeriveKey(headKey)))
}

// headKey is the purpose of the key that seals the head.
const headKey = "audit head"

// pendingKey finds the entries of a transaction until its end.
type pendingKey struct{}

type pending struct {
	entries []*entry
	// accept is a break that the last of the entries accepts.
	accept *logBreak
	// isScheduled says that write is among the functions of BeforeCommit that have not run yet.
	isScheduled bool
}

// append adds an entry to the transaction. The chain is written once, just before the commit: its
// head is locked for as short as can be, and always last, so that no two changes wait for each
// other in a circle. What a rolled-back savepoint wanted recorded goes with it.
func (s *Service) append(ctx context.Context, e auditapi.Entry) error {
	if err := s.actions.Check(e.Action, e.TargetType); err != nil {
		return err
	}
	record, err := newEntry(e, identity.CallerFrom(ctx))
	if err != nil {
		return err
	}
	db.BeforeCommit(ctx, func(ctx context.Context) error {
		p := s.pendingOf(ctx)
		p.entries = append(p.entries, record)
		return nil
	})
	return nil
}

// pendingOf returns the entries that wait for the end of the transaction.
func (s *Service) pendingOf(ctx context.Context) *pending {
	p, _ := db.TxValue(ctx, pendingKey{}, func() *pending { return &pending{} })
	if !p.isScheduled {
		p.isScheduled = true
		db.BeforeCommit(ctx, func(ctx context.Context) error { return s.write(ctx, p) })
	}
	return p
}

// write numbers the entries and moves the head. A head that does not hold never stops a change; it is marked, and verify
// reports the mark from then on.
func (s *Service) write(ctx context.Context, p *pending) error {
	entries, accept := p.entries, p.accept
	*p = pending{} // entries that another function of BeforeCommit adds later are written by another call
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
		slog.Error("the end of the audit log does not hold; run lyceum audit verify", "first_bad_seq", h.openBreak())
	}
	if accept != nil {
		if accept.Strays, err = s.store.countStrays(ctx, h.Seq); err != nil {
			return err
		}
	}
	now := s.clock.Now()
	for _, e := range entries {
		e.CreatedAt = now
		e.chain(&h)
	}
	if accept != nil {
		h.acceptBreak(*accept, h.Seq)
	}
	h.Mac = h.seal(s.key)
	return s.store.append(ctx, entries, h)
}

// ErrIntact says that there is no break to accept.
var ErrIntact = errors.New("the log is intact: there is no break to accept")

// AcceptBreak writes the entry audit.break_accepted with the operator's reason, after which Verify names the break and
// holds from that entry on. It is for a log that can't be mended, such as after the server's keys were lost. It returns
// ErrIntact when Verify finds nothing.
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
			s.pendingOf(ctx).accept = &b
			return nil
		})
		return s.append(ctx, auditapi.Entry{Action: "audit.break_accepted", TargetType: "audit_log",
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
