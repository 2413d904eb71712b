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
	// AcceptedBreaks are the breaks that an operator accepted.
	AcceptedBreaks []AcceptedBreak
	// Why says what is wrong, for operators; empty if OK.
	Why string
}

// AcceptedBreak is a break in the log that an operator accepted.
type AcceptedBreak struct {
	// FirstBadSeq is the first entry that may be changed or missing.
	FirstBadSeq int64
	// AcceptedSeq is the entry audit.break_accepted, from which the log is intact again.
	AcceptedSeq int64
}

// Anchor is a copy of the head that is stored elsewhere. It shows a log that was rewritten with the
// secret of the server.
type Anchor struct {
	Seq  int64
	Hash string
}

// String returns SEQ:HASH.
func (a Anchor) String() string { return strconv.FormatInt(a.Seq, 10) + ":" + a.Hash }

// ParseAnchor parses SEQ:HASH. It returns an error that names the accepted form.
func ParseAnchor(s string) (a Anchor, err error) {
	seq, hash, _ := strings.Cut(s, ":")
	a.Hash = strings.ToLower(hash)
	if a.Seq, err = strconv.ParseInt(seq, 10, 64); err != nil || a.Seq < 0 || len(a.Hash) != 64 && (a.Seq > 0 || s != "0:") ||
		strings.Trim(a.Hash, "0123456789abcdef") != "" {
		return a, fmt.Errorf("found %q, accepted is SEQ:HASH as audit anchor prints it", s)
	}
	return a, nil
}

// errBrokenHead is the error of taking an anchor of a broken log.
var errBrokenHead = errors.New("the end of the log is not intact: see lyceum audit verify")

// Anchor returns a copy of the head, to be stored elsewhere. It returns errBrokenHead if the end of
// the log is broken.
func (s *Service) Anchor(ctx context.Context) (Anchor, error) {
	h, e, err := s.store.readHeadAndExtent(ctx)
	if err != nil && !db.IsNotFound(err) {
		return Anchor{}, err
	}
	if err != nil || !h.isSealed(s.key) || h.firstOpenBreak() > 0 || e.Last != h.Seq || e.LastHash != h.Hash {
		return Anchor{}, errBrokenHead
	}
	return Anchor{h.Seq, h.Hash}, nil
}

// verifyPage is how many entries are in memory at once, verifyStepTime how long the database may
// take for them.
const (
	verifyPage     = 2000
	verifyStepTime = 2500 * time.Millisecond
)

// Verify walks over the whole chain, and compares its end with the head and with an anchor, which
// may be nil. A process makes one walk at a time; others wait.
func (s *Service) Verify(ctx context.Context, anchor *Anchor) (v Verdict, err error) {
	select {
	case s.verifying <- struct{}{}:
		defer func() { <-s.verifying }()
	case <-ctx.Done():
		return v, ctx.Err()
	}
	var h head
	var e extent
	err = withStepTimeout(ctx,
		func(ctx context.Context) (err error) { h, e, err = s.store.readHeadAndExtent(ctx); return err })
	w := chainWalk{anchor: anchor}
	if h.isSealed(s.key) { // acceptances in any other head may be forged
		w.breaks = h.parseBreaks()
	}
	if err == nil {
		err = w.followTo(ctx, s.store, h.Seq)
	}
	switch {
	case db.IsNotFound(err):
		return Verdict{Why: "the head is missing"}.withFirstBad(1), nil
	case err != nil:
		return v, err
	}
	v = s.concludeWalk(w, h, e)
	v.Entries = e.Count
	return v, nil
}

// withStepTimeout calls fn with verifyStepTime: a database that hangs must not block the whole
// walk.
func withStepTimeout(ctx context.Context, fn func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, verifyStepTime)
	defer cancel()
	return fn(ctx)
}

// concludeWalk compares the end of a walk with the head. It reports an open mark if that names an
// earlier entry.
func (s *Service) concludeWalk(w chainWalk, h head, e extent) Verdict {
	v := s.compareWithHead(w, h, e)
	if open := h.firstOpenBreak(); open > 0 && h.isSealed(s.key) && (v.OK || open < *v.FirstBadSeq) {
		v.OK, v.Why = false, "the end of the log did not hold when a later entry was written: entries may be missing or changed"
		v = v.withFirstBad(open)
	}
	for _, b := range w.breaks {
		if b.Accepted > 0 {
			v.AcceptedBreaks = append(v.AcceptedBreaks, AcceptedBreak{b.From, b.Accepted})
		}
	}
	return v
}

// compareWithHead returns the first fault of a walk, of the head and of rows outside of the chain.
func (s *Service) compareWithHead(w chainWalk, h head, e extent) (v Verdict) {
	strays, accepted := e.Count-w.counted, countAcceptedStrays(w.breaks)
	switch {
	case e.First < 1 && strays != accepted:
		v.Why = "there are entries before the first"
		return v.withFirstBad(1)
	case w.broken:
		v.Why = "an entry is changed or missing"
		return v.withFirstBad(w.seq + 1)
	case w.seq != h.Seq:
		v.Why = "the log ends too early"
		return v.withFirstBad(w.seq + 1)
	case w.hash != h.Hash || !h.isSealed(s.key):
		v.Why = "every entry follows the one before, but the head is not sealed with this server's secret (JWT_KEYS_DIR)"
		return v.withFirstBad(h.Seq + 1)
	case strays != accepted:
		v.Why = "there are entries that the head does not know"
		return v.withFirstBad(h.Seq + 1)
	case h.Seq > 0 && w.at.UnixMilli() != h.At.UnixMilli() || w.skewed && !h.Skewed:
		v.Why = "every entry follows the one before, but the head's times are not theirs"
		return v.withFirstBad(h.Seq + 1)
	}
	return v.compareWithAnchor(w)
}

// compareWithAnchor compares a walk without a fault with the anchor.
func (v Verdict) compareWithAnchor(w chainWalk) Verdict {
	anchor := w.anchor
	switch {
	case anchor == nil || anchor.Seq == 0:
	case anchor.Seq > w.seq:
		v.Why = "the log ends before the anchor: its end was cut off"
		return v.withFirstBad(w.seq + 1)
	case w.atAnchor != anchor.Hash:
		v.Why = "entry " + strconv.FormatInt(anchor.Seq, 10) + " is not the one that the anchor was taken of"
		return v.withFirstBad(anchor.Seq)
	}
	v.OK = true
	return v
}

// withFirstBad returns the verdict with its first bad entry.
func (v Verdict) withFirstBad(seq int64) Verdict {
	v.FirstBadSeq = &seq
	return v
}

// chainWalk follows the chain from its beginning.
type chainWalk struct {
	anchor *Anchor
	// breaks are the marks of the head. A fault inside of an accepted one is skipped.
	breaks []logBreak
	// seq, hash and at are of the last entry that was linked to its predecessor.
	seq  int64
	hash string
	at   clock.Time
	// atAnchor is the hash of the entry with the number of the anchor.
	atAnchor string
	// counted is how many rows the walk has passed.
	counted int64
	// skewed says that the time of some entry lies before that of its predecessor.
	skewed bool
	// broken says that the next entry is changed or missing.
	broken bool
}

// followTo follows the chain to the entry last, that of the head. Entries that were written since
// lie beyond it. Rows with other numbers, such as below 1, show in the extent of the table.
func (w *chainWalk) followTo(ctx context.Context, s *store, last int64) error {
	for w.seq < last {
		before := w.seq
		err := withStepTimeout(ctx,
			func(ctx context.Context) error { return w.followPage(ctx, s, min(before+verifyPage, last)) })
		if err != nil {
			return err
		}
		if !w.broken && w.seq > before {
			continue
		}
		if passed, err := w.skipAcceptedBreak(ctx, s); err != nil || !passed {
			return err
		}
	}
	return nil
}

// skipAcceptedBreak continues the walk at the entry that accepts the break in which it has met a
// fault. It returns false if the fault lies in no accepted break.
func (w *chainWalk) skipAcceptedBreak(ctx context.Context, s *store) (bool, error) {
	b, ok := findCoveringBreak(w.breaks, w.seq+1)
	if !ok {
		return false, nil
	}
	var accepting *entry
	err := s.forEachBetween(ctx, entryFilter{}, b.Accepted-1, b.Accepted, 1, func(e *entry) error {
		kept := *e
		accepting = &kept
		return nil
	})
	if err != nil || accepting == nil || !accepting.isLinkedTo(b.Accepted-1, accepting.PrevHash) {
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

// followPage follows the chain up to the entry end. It stops before an entry with a value of a
// wrong type.
func (w *chainWalk) followPage(ctx context.Context, s *store, end int64) error {
	unsound, err := s.findFirstMistyped(ctx, w.seq, end)
	if err != nil {
		return err
	}
	if unsound > 0 {
		end = unsound - 1
	}
	err = s.forEachBetween(ctx, entryFilter{}, w.seq, end, verifyPage, func(e *entry) error {
		w.checkEntry(e)
		return nil
	})
	w.broken = w.broken || unsound > 0
	return err
}

// checkEntry moves the walk to an entry if that is linked to the one before.
func (w *chainWalk) checkEntry(e *entry) {
	if w.broken = w.broken || !e.isLinkedTo(w.seq, w.hash); w.broken {
		return
	}
	w.skewed = w.skewed || e.CreatedAt.Before(w.at)
	w.seq, w.hash, w.at = e.Seq, e.Hash, e.CreatedAt
	w.counted++
	if w.anchor != nil && w.anchor.Seq == e.Seq {
		w.atAnchor = e.Hash
	}
}
