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

// TableName of entries.
func (entry) TableName() string { return "audit_entries" }

type head struct {
	Seq  int64
	Hash string
	Mac  string
	// At is the time of the newest entry. Skewed says that some entry is dated before the one before it.
	At     clock.Time
	Skewed bool
	// Breaks are the places where the log was found not to hold, as JSON; see logBreak. Empty when there are none.
	Breaks string
}

// maxData bounds what an entry may say, so that no change can fill the log.
const maxData = 8 << 10

// maxSkew is by how much clocks may reasonably differ.
const maxSkew = time.Minute

// newEntry takes what happened from e and who did it from the caller; it is dated when it is written.
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
	if actor := actorOf(e, c); actor != "" {
		out.ActorID = &actor
	}
	return out, nil
}

// actorOf is who was signed in. On the command line nobody is, on whosever behalf it acts.
func actorOf(e auditapi.Entry, c identity.Caller) string {
	if c.UserID != "" && c.Via == "" {
		return c.UserID
	}
	return e.ActorID
}

// chain puts the entry behind the head and moves the head to it. Replicas' clocks differ by a little: an entry is never
// dated before the one before it, so that times and numbers run alike and filters by time need not read the whole log. A
// clock that is wrong by more is taken at its word, and the head says that there was one.
func (e *entry) chain(h *head) {
	e.Seq, e.PrevHash = h.Seq+1, h.Hash
	if behind := h.At.Sub(e.CreatedAt); behind > maxSkew {
		h.Skewed = true
	} else if behind > 0 {
		e.CreatedAt = h.At
	}
	h.At = e.CreatedAt
	e.Hash = e.digest()
	e.ID = e.idOf()
	h.Seq, h.Hash = e.Seq, e.Hash
}

// follows says whether the entry is what was written behind seq and hash.
func (e *entry) follows(seq int64, hash string) bool {
	return e.Seq == seq+1 && e.PrevHash == hash && e.Hash == e.digest() && e.ID == e.idOf()
}

// digest covers every field that tells something, each as "<length>:<text>", so that no two
// different entries have one canonical form.
func (e *entry) digest() string {
	actor := ""
	if e.ActorID != nil {
		actor = *e.ActorID
	}
	b := make([]byte, 0, 512)
	for _, field := range []string{strconv.FormatInt(e.Seq, 10), e.Action, actor, e.TargetType, e.TargetID, e.IP, e.UserAgent,
		e.RequestID, e.Data, e.CreatedAt.String(), e.PrevHash} {
		b = append(append(strconv.AppendInt(b, int64(len(field)), 10), ':'), field...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// idOf is a UUIDv7 (RFC 9562) of the entry's time and hash instead of chance, so that the id, which the hash can't cover,
// can't be changed unseen either.
func (e *entry) idOf() string {
	if len(e.Hash) < 18 {
		return ""
	}
	ms := fmt.Sprintf("%012x", e.CreatedAt.UnixMilli())
	return ms[:8] + "-" + ms[8:] + "-7" + e.Hash[:3] + "-8" + e.Hash[3:6] + "-" + e.Hash[6:18]
}
