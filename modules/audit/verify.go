package audit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/db"
)

// Verdict is the result of a walk over the chain.
type Verdict struct {
	OK bool
	// Entries counts the rows of the table.
	Entries int64
	// FirstBadSeq is the first entry that is changed or missing, nil if OK.
	FirstBadSeq *int64
	// AcceptedBreaks are places where the log did not hold and an operator has accepted that.
	AcceptedBreaks []AcceptedBreak
	// Why says what is wrong, for operators; empty if OK.
	Why string
}

// AcceptedBreak is a break in the log that an operator accepted.
type AcceptedBreak struct {
	// FirstBadSeq is the first entry that may be changed or missing.
	FirstBadSeq int64
	// AcceptedSeq is the entry audit.break_accepted, from which the log holds again.
	AcceptedSeq int64
}

// Anchor is a head that was noted elsewhere: whoever rewrites the log, even with the server's secret, can't rewrite that.
type Anchor struct {
	Seq  int64
	Hash string
}

// String is SEQ:HASH.
func (a Anchor) String() string { return strconv.FormatInt(a.Seq, 10) + ":" + a.Hash }

// ParseAnchor reads SEQ:HASH.
func ParseAnchor(s string) (a Anchor, err error) {
	seq, hash, _ := strings.Cut(s, ":")
	a.Hash = strings.ToLower(hash)
	if a.Seq, err = strconv.ParseInt(seq, 10, 64); err != nil || a.Seq < 0 || len(a.Hash) != 64 && (a.Seq > 0 || s != "0:") ||
		strings.Trim(a.Hash, "0123456789abcdef") != "" {
		return a, fmt.Errorf("found %q, accepted is SEQ:HASH as audit anchor prints it", s)
	}
	return a, nil
}

// errBrokenHead is for an anchor of a log that does not hold as it is.
var errBrokenHead = errors.New("the end of the log is not intact: see lyceum audit verify")

// Anchor gives the head, to be kept elsewhere.
func (s *Service) Anchor(ctx context.Context) (Anchor, error) {
	h, there, err := s.store.ends(ctx)
	if err != nil && !db.IsNotFound(err) {
		return Anchor{}, err
	}
	if err != nil || !h.isSealed(s.key) || h.openBreak() > 0 || there.Last != h.Seq || there.LastHash != h.Hash {
		return Anchor{}, errBrokenHead
	}
	return Anchor{h.Seq, h.Hash}, nil
}

// verifyPage is how many entries are held at once, verifyStep how long the database may take for them.
const (
	verifyPage = 2000
	verifyStep = 2500 * time.Millisecond
)

// Verify walks the whole chain, compares its end with the head, and with an anchor if there is one. One walk at a
// time is enough for a process.
func (s *Service) Verify(ctx context.Context, anchor *Anchor) (v Verdict, err error) {
	select {
	case s.verifying <- struct{}{}:
		defer func() { <-s.verifying }()
	case <-ctx.Done():
		return v, ctx.Err()
	}
	var h head
	var there extent
	err = step(ctx, func(ctx context.Context) (err error) { h, there, err = s.store.ends(ctx); return err })
	w := walk{anchor: anchor}
	if h.isSealed(s.key) { // acceptances in any other head may be forged
		w.breaks = h.breaks()
	}
	if err == nil {
		err = w.run(ctx, s.store, h.Seq)
	}
	switch {
	case db.IsNotFound(err):
		return Verdict{Why: "the head is missing"}.bad(1), nil
	case err != nil:
		return v, err
	}
	v = s.judge(w, h, there)
	v.Entries = there.Count
	return v, nil
}

// step gives the database a while for a part of the work: one that hangs must not hold the whole of it.
func step(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, verifyStep)
	defer cancel()
	return fn(ctx)
}

// judge compares where a walk has ended with the head, and reports an open mark where that names an earlier entry.
func (s *Service) judge(w walk, h head, there extent) Verdict {
	v := s.compare(w, h, there)
	if open := h.openBreak(); open > 0 && h.isSealed(s.key) && (v.OK || open < *v.FirstBadSeq) {
		v.OK, v.Why = false, "the end of the log did not hold when a later entry was written: entries may be missing or changed"
		v = v.bad(open)
	}
	for _, b := range w.breaks {
		if b.Accepted > 0 {
			v.AcceptedBreaks = append(v.AcceptedBreaks, AcceptedBreak{b.From, b.Accepted})
		}
	}
	return v
}

func (s *Service) compare(w walk, h head, there extent) (v Verdict) {
	strays, accepted := there.Count-w.counted, acceptedStrays(w.breaks)
	switch {
	case there.First < 1 && strays != accepted:
		v.Why = "there are entries before the first"
		return v.bad(1)
	case w.broken:
		v.Why = "an entry is changed or missing"
		return v.bad(w.seq + 1)
	case w.seq != h.Seq:
		v.Why = "the log ends too early"
		return v.bad(w.seq + 1)
	case w.hash != h.Hash || !h.isSealed(s.key):
		v.Why = "every entry follows the one before, but the head is not sealed with this server's secret (JWT_KEYS_DIR)"
		return v.bad(h.Seq + 1)
	case strays != accepted:
		v.Why = "there are entries that the head does not know"
		return v.bad(h.Seq + 1)
	case h.Seq > 0 && w.at.UnixMilli() != h.At.UnixMilli() || w.skewed && !h.Skewed:
		v.Why = "every entry follows the one before, but the head's times are not theirs"
		return v.bad(h.Seq + 1)
	}
	return v.against(w)
}

// against compares with what was noted elsewhere.
func (v Verdict) against(w walk) Verdict {
	anchor := w.anchor
	switch {
	case anchor == nil || anchor.Seq == 0:
	case anchor.Seq > w.seq:
		v.Why = "the log ends before the anchor: its end was cut off"
		return v.bad(w.seq + 1)
	case w.atAnchor != anchor.Hash:
		v.Why = "entry " + strconv.FormatInt(anchor.Seq, 10) + " is not the one that the anchor was taken of"
		return v.bad(anchor.Seq)
	}
	v.OK = true
	return v
}

func (v Verdict) bad(seq int64) Verdict {
	v.FirstBadSeq = &seq
	return v
}

// walk follows the chain from its beginning.
type walk struct {
	anchor *Anchor
	// breaks are the head's marks; a fault inside an accepted one is passed over.
	breaks   []logBreak
	seq      int64
	hash     string
	atAnchor string
	at       clock.Time
	// counted is how many rows the walk has passed.
	counted int64
	skewed  bool
	broken  bool
}

// run goes up to the entry `last`: what was written since is sound, but lies beyond the head that was read. Entries
// that stand elsewhere, such as before the first, show by the extent of the table.
func (w *walk) run(ctx context.Context, s *store, last int64) error {
	for w.seq < last {
		before := w.seq
		err := step(ctx, func(ctx context.Context) error { return w.page(ctx, s, min(before+verifyPage, last)) })
		if err != nil {
			return err
		}
		if !w.broken && w.seq > before {
			continue
		}
		if passed, err := w.passBreak(ctx, s); err != nil || !passed {
			return err
		}
	}
	return nil
}

// passBreak goes on at the entry that accepts the break in which the walk has met a fault. It returns false when the fault
// lies in none.
func (w *walk) passBreak(ctx context.Context, s *store) (bool, error) {
	b, ok := coveringBreak(w.breaks, w.seq+1)
	if !ok {
		return false, nil
	}
	var accepting *entry
	err := s.each(ctx, filter{}, b.Accepted-1, b.Accepted, 1, func(e *entry) error {
		kept := *e
		accepting = &kept
		return nil
	})
	if err != nil || accepting == nil || !accepting.follows(b.Accepted-1, accepting.PrevHash) {
		return false, err
	}
	passed, err := s.countBetween(ctx, w.seq, b.Accepted)
	if err != nil {
		return false, err
	}
	w.counted += passed + 1
	w.broken, w.seq, w.hash, w.at = false, accepting.Seq, accepting.Hash, accepting.CreatedAt
	return true, nil
}

// page follows the chain up to an entry. It stops before one whose values can't be read.
func (w *walk) page(ctx context.Context, s *store, end int64) error {
	unsound, err := s.firstUnsound(ctx, w.seq, end)
	if err != nil {
		return err
	}
	if unsound > 0 {
		end = unsound - 1
	}
	err = s.each(ctx, filter{}, w.seq, end, verifyPage, func(e *entry) error {
		w.take(e)
		return nil
	})
	w.broken = w.broken || unsound > 0
	return err
}

func (w *walk) take(e *entry) {
	if w.broken = w.broken || !e.follows(w.seq, w.hash); w.broken {
		return
	}
	w.skewed = w.skewed || e.CreatedAt.Before(w.at)
	w.seq, w.hash, w.at = e.Seq, e.Hash, e.CreatedAt
	w.counted++
	if w.anchor != nil && w.anchor.Seq == e.Seq {
		w.atAnchor = e.Hash
	}
}
