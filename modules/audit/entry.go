package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
)

// entry is a row of the table audit_entries.
type entry struct {
	Seq        int64 `gorm:"primaryKey;autoIncrement:false"`
	ID         string
	Action     string
	ActorID    *string
	TargetType string
	TargetID   string
	IP         string
	UserAgent  string
	RequestID  string
	Data       string
	CreatedAt  clock.Time
	PrevHash   string
	Hash       string
}

// TableName returns the name of the table, for GORM.
func (entry) TableName() string { return "audit_entries" }

// head is the row of the table audit_head: the end of the chain.
type head struct {
	Seq  int64
	Hash string
	Mac  string
	// At is the time of the newest entry. Skewed says that the time of some entry lies before that
	// of its predecessor.
	At     clock.Time
	Skewed bool
	// Breaks is the JSON list of the marks of breaks, see logBreak; "" if there are none.
	Breaks string
}

// maxData is the size of the data of an entry in bytes, so that no change can fill the log.
const maxData = 8 << 10

// maxSkew is by how much the clocks of replicas may differ.
const maxSkew = time.Minute

// newEntry returns an entry with what happened from e and the actor from the caller. It gets its
// time, number and hash when it is written. newEntry returns an error for data that is larger than
// maxData or can't be JSON.
func newEntry(e auditapi.Entry, c identity.Caller) (*entry, error) {
	data := map[string]any{}
	for k, v := range e.Data {
		data[k] = v
	}
	if c.Via != "" {
		data["via"] = c.Via
	}
	raw, err := json.Marshal(data) // keys come out sorted: one text for one meaning
	if err != nil || len(raw) > maxData {
		return nil, fmt.Errorf("audit: data of %s can't be kept (%d bytes): %w", e.Action, len(raw), err)
	}
	out := &entry{Action: e.Action, TargetType: e.TargetType, TargetID: e.TargetID,
		IP: c.IP, UserAgent: c.UserAgent, RequestID: c.RequestID, Data: string(raw)}
	if actor := actorID(e, c); actor != "" {
		out.ActorID = &actor
	}
	return out, nil
}

// actorID returns the account that was signed in. At the command line that is the account that e
// names, if any.
func actorID(e auditapi.Entry, c identity.Caller) string {
	if c.UserID != "" && c.Via == "" {
		return c.UserID
	}
	return e.ActorID
}

// appendTo links the entry to the chain and moves the head to it. Clocks of replicas differ a
// little: an entry gets no earlier time than its predecessor, so that times have the order of
// numbers and filters by time need not read the whole log. A time that is off by more than maxSkew
// stays as it is, and the head is marked as skewed.
func (e *entry) appendTo(h *head) {
	e.Seq, e.PrevHash = h.Seq+1, h.Hash
	if behind := h.At.Sub(e.CreatedAt); behind > maxSkew {
		h.Skewed = true
	} else if behind > 0 {
		e.CreatedAt = h.At
	}
	h.At = e.CreatedAt
	e.Hash = e.computeHash()
	e.ID = e.deriveID()
	h.Seq, h.Hash = e.Seq, e.Hash
}

// isLinkedTo reports whether the entry is unchanged and follows the entry with a number and a hash.
func (e *entry) isLinkedTo(seq int64, hash string) bool {
	return e.Seq == seq+1 && e.PrevHash == hash && e.Hash == e.computeHash() && e.ID == e.deriveID()
}

// computeHash returns the hash over every field but the id. Each field is hashed as
// "<length>:<text>", so that no two different entries have the same canonical form.
func (e *entry) computeHash() string {
	actor := ""
	if e.ActorID != nil {
		actor = *e.ActorID
	}
	b := make([]byte, 0, 512)
	for _, field := range []string{
		strconv.FormatInt(e.Seq, 10), e.Action, actor, e.TargetType, e.TargetID, e.IP, e.UserAgent,
		e.RequestID, e.Data, e.CreatedAt.String(), e.PrevHash,
	} {
		b = append(append(strconv.AppendInt(b, int64(len(field)), 10), ':'), field...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// deriveID returns a UUIDv7 (RFC 9562) made of the time and the hash instead of random bits, so
// that a change of the id, which the hash can't cover, shows as well.
func (e *entry) deriveID() string {
	if len(e.Hash) < 18 {
		return ""
	}
	ms := fmt.Sprintf("%012x", e.CreatedAt.UnixMilli())
	return ms[:8] + "-" + ms[8:] + "-7" + e.Hash[:3] + "-8" + e.Hash[3:6] + "-" + e.Hash[6:18]
}
