package audit

import (
	"context"
	"crypto/hmac"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// Service appends to the log and checks it.
type Service struct {
	store *store
	clock clock.Clock
	key   []byte
}

func newService(s *store, c clock.Clock, k *auth.Keys) *Service {
	return &Service{s, c, k.Derive("audit head")}
}

// pendingKey finds the entries of a transaction until its end.
type pendingKey struct{}

type pending struct{ entries []*entry }

// append adds an entry to the transaction. The chain is written once, just before the commit: its
// head is locked for as short as can be, and always last, so that no two changes wait for each
// other in a circle. What a rolled-back savepoint wanted recorded goes with it.
func (s *Service) append(ctx context.Context, e auditapi.Entry) error {
	record, err := newEntry(e, auth.CallerFrom(ctx), s.clock.Now())
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
	for _, e := range entries {
		e.chain(&h)
	}
	h.Mac = h.seal(s.key)
	return s.store.append(ctx, entries, h)
}

// Verdict of a walk over the chain.
type Verdict struct {
	OK          bool   `json:"ok"`
	Entries     int64  `json:"entries" doc:"How many were found"`
	FirstBadSeq *int64 `json:"first_bad_seq" doc:"The first that is changed or missing"`
}

// Verify walks the whole chain and compares its end with the head.
func (s *Service) Verify(ctx context.Context) (v Verdict, err error) {
	h, err := s.store.head(ctx)
	if err != nil {
		return v, err
	}
	var seq int64
	var hash string
	for {
		found, err := s.store.after(ctx, seq, 1000)
		if err != nil {
			return v, err
		}
		for _, e := range found {
			// Entries written since the head was read are sound but lie beyond it.
			if e.Seq > h.Seq {
				break
			}
			if v.Entries++; e.Seq != seq+1 || e.PrevHash != hash || e.Hash != e.digest() {
				return bad(v, seq+1), nil
			}
			seq, hash = e.Seq, e.Hash
		}
		if len(found) == 0 || found[len(found)-1].Seq >= h.Seq {
			break
		}
	}
	if seq != h.Seq || hash != h.Hash || h.Seq > 0 && !hmac.Equal([]byte(h.Mac), []byte(h.seal(s.key))) {
		return bad(v, seq+1), nil
	}
	v.OK = true
	return v, nil
}

func bad(v Verdict, seq int64) Verdict {
	v.FirstBadSeq = &seq
	return v
}
