package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// logBreak marks a place from which the log can't be trusted: the head did not hold when the next entry was written, or
// verify found a changed or missing entry that an operator accepted. Marks are part of what the head's seal covers.
type logBreak struct {
	// From is the first entry that may be changed or missing.
	From int64 `json:"from"`
	// Accepted is the entry audit.break_accepted from which the log holds again; 0 while nobody accepted the break.
	Accepted int64 `json:"accepted,omitempty"`
	// Strays counts the accepted rows that stand outside the numbers 1 to the head's.
	Strays int64 `json:"strays,omitempty"`
}

// seal authenticates the head: without the server's secret nobody can cut the tail and move the head back, or remove the
// mark of a break. As numbers have no gaps, seq is the count as well.
func (h *head) seal(key []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(strconv.FormatInt(h.Seq, 10) + ":" + h.Hash))
	if h.Breaks != "" {
		m.Write([]byte(":" + h.Breaks))
	}
	return hex.EncodeToString(m.Sum(nil))
}

// isSealed reports whether the head is what a server with this key wrote last. The head of an empty log is sealed, too,
// when the database is set up: otherwise removing all entries would look like a log that has not begun.
func (h *head) isSealed(key []byte) bool {
	return hmac.Equal([]byte(h.Mac), []byte(h.seal(key)))
}

// breaks returns the marks in their order. Text that can't be read has no valid seal either.
func (h *head) breaks() (marks []logBreak) {
	if h.Breaks == "" || json.Unmarshal([]byte(h.Breaks), &marks) != nil {
		return nil
	}
	return marks
}

func (h *head) setBreaks(marks []logBreak) {
	raw, err := json.Marshal(marks)
	if err != nil {
		panic(err) // numbers can always be written
	}
	h.Breaks = string(raw)
}

// openBreak returns the first entry of a break that nobody has accepted, 0 when there is none.
func (h *head) openBreak() (from int64) {
	for _, b := range h.breaks() {
		if b.Accepted == 0 && (from == 0 || b.From < from) {
			from = b.From
		}
	}
	return from
}

// markBreak makes a head that does not hold continue behind the newest entry of the table, and notes since when the log
// can't be trusted. Acceptances in such a head may be forged and are dropped; an earlier open mark stays.
func (h *head) markBreak(tail entry) {
	from := min(max(h.Seq, 0), tail.Seq) + 1
	if open := h.openBreak(); open > 0 {
		from = min(from, open)
	}
	h.Seq, h.Hash, h.At, h.Skewed = tail.Seq, tail.Hash, tail.CreatedAt, true
	h.setBreaks([]logBreak{{From: from}})
}

// acceptBreak replaces open marks by one that ends with the entry at.
func (h *head) acceptBreak(b logBreak, at int64) {
	if open := h.openBreak(); open > 0 {
		b.From = min(b.From, open)
	}
	var marks []logBreak
	for _, earlier := range h.breaks() {
		if earlier.Accepted > 0 {
			marks = append(marks, earlier)
		}
	}
	b.Accepted = at
	h.setBreaks(append(marks, b))
}

// coveringBreak returns the accepted break that explains a fault at the entry seq.
func coveringBreak(marks []logBreak, seq int64) (found logBreak, ok bool) {
	for _, b := range marks {
		if b.From <= seq && seq < b.Accepted && b.Accepted > found.Accepted {
			found, ok = b, true
		}
	}
	return found, ok
}

// acceptedStrays returns how many rows outside the chain the newest acceptance covers.
func acceptedStrays(marks []logBreak) (n int64) {
	for _, b := range marks {
		if b.Accepted > 0 {
			n = b.Strays
		}
	}
	return n
}
