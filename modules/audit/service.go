package audit

import (
	"context"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// Service appends to the log, checks it and hands it out.
type Service struct {
	store *store
	clock clock.Clock
	key   []byte
	// verifying has a place for the one walk over the chain at a time.
	verifying chan struct{}
}

func newService(s *store, c clock.Clock, k *auth.Keys) *Service {
	return &Service{s, c, k.Derive("audit head"), make(chan struct{}, 1)}
}

// pendingKey finds the entries of a transaction until its end.
type pendingKey struct{}

type pending struct{ entries []*entry }

// append adds an entry to the transaction. The chain is written once, just before the commit: its
// head is locked for as short as can be, and always last, so that no two changes wait for each
// other in a circle. What a rolled-back savepoint wanted recorded goes with it.
func (s *Service) append(ctx context.Context, e auditapi.Entry) error {
	record, err := newEntry(e, auth.CallerFrom(ctx))
	if err != nil {
		return err
	}
	db.BeforeCommit(ctx, func(ctx context.Context) error {
		p, fresh := db.Keep(ctx, pendingKey{}, func() *pending { return &pending{} })
		p.entries = append(p.entries, record)
		if fresh {
			db.BeforeCommit(ctx, func(ctx context.Context) error { return s.write(ctx, p) })
		}
		return nil
	})
	return nil
}

func (s *Service) write(ctx context.Context, p *pending) error {
	entries := p.entries
	p.entries = nil
	h, err := s.store.lockHead(ctx)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	for _, e := range entries {
		e.CreatedAt = now
		e.chain(&h)
	}
	h.Mac = h.seal(s.key)
	return s.store.append(ctx, entries, h)
}
