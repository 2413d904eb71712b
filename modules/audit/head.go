package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// logBreak marks a place from which the log can't be trusted: the head was broken when the next
// entry was written, or Verify found a changed or missing entry and an operator accepted that. The
// seal of the head covers the marks.
type logBreak struct {
	// From is the first entry that may be changed or missing.
	From int64 `json:"from"`
	// Accepted is the entry audit.break_accepted from which the log is intact again; 0 for an open
	// break.
	Accepted int64 `json:"accepted,omitempty"`
	// Strays is the number of accepted rows whose numbers lie outside of 1 to that of the head.
	Strays int64 `json:"strays,omitempty"`
}

// computeSeal returns the MAC of the head. Without the secret of the server nobody can cut off the
// end of the log and move the head back, or remove the mark of a break.
func (h *head) computeSeal(key []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(strconv.FormatInt(h.Seq, 10) + ":" + h.Hash))
	if h.Breaks != "" {
		m.Write([]byte(":" + h.Breaks))
	}
	return hex.EncodeToString(m.Sum(nil))
}

// isSealed reports whether a server with this key has written the head. The head of an empty log is
// sealed when the database is set up: otherwise a log whose entries were all removed would look
// like one that has not begun.
func (h *head) isSealed(key []byte) bool {
	return hmac.Equal([]byte(h.Mac), []byte(h.computeSeal(key)))
}

// parseBreaks returns the marks in their order; none for text that is not JSON, which has no valid
// seal either.
func (h *head) parseBreaks() (marks []logBreak) {
	if h.Breaks == "" || json.Unmarshal([]byte(h.Breaks), &marks) != nil {
		return nil
	}
	return marks
}

// setBreaks stores the marks.
func (h *head) setBreaks(marks []logBreak) {
	raw, err := json.Marshal(marks)
	if err != nil {
		panic(err) // numbers can always be written
	}
	h.Breaks = string(raw)
}

// firstOpenBreak returns the first entry of the earliest open break; 0 if there is none.
func (h *head) firstOpenBreak() (from int64) {
	for _, b := range h.parseBreaks() {
		if b.Accepted == 0 && (from == 0 || b.From < from) {
			from = b.From
		}
	}
	return from
}

// markBreak moves a broken head to the newest entry of the table and marks from where the log can't
// be trusted. Acceptances in a broken head may be forged, so they are dropped. An earlier open mark
// stays.
func (h *head) markBreak(tail entry) {
	from := min(max(h.Seq, 0), tail.Seq) + 1
	if open := h.firstOpenBreak(); open > 0 {
		from = min(from, open)
	}
	h.Seq, h.Hash, h.At, h.Skewed = tail.Seq, tail.Hash, tail.CreatedAt, true
	h.setBreaks([]logBreak{{From: from}})
}

// acceptBreak replaces the open marks by b, which ends with the entry at.
func (h *head) acceptBreak(b logBreak, at int64) {
	if open := h.firstOpenBreak(); open > 0 {
		b.From = min(b.From, open)
	}
	var marks []logBreak
	for _, earlier := range h.parseBreaks() {
		if earlier.Accepted > 0 {
			marks = append(marks, earlier)
		}
	}
	b.Accepted = at
	h.setBreaks(append(marks, b))
}

// findCoveringBreak returns the accepted break in which the entry seq lies; ok is false if there is
// none.
func findCoveringBreak(marks []logBreak, seq int64) (found logBreak, ok bool) {
	for _, b := range marks {
		if b.From <= seq && seq < b.Accepted && b.Accepted > found.Accepted {
			found, ok = b, true
		}
	}
	return found, ok
}

// countAcceptedStrays returns how many rows outside of the chain the newest acceptance covers.
func countAcceptedStrays(marks []logBreak) (n int64) {
	for _, b := range marks {
		if b.Accepted > 0 {
			n = b.Strays
		}
	}
	return n
}
