package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"lyceum/modules/audit/auditapi"
	"lyceum/platform/auth"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
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
}

var targetTypes = []string{"user", "session", "invite", "course", "lesson", "enrollment", "asset", "channel", "message", "audit_log"}

// maxData bounds what an entry may say, so that no change can fill the log.
const maxData = 8 << 10

// newEntry takes what happened from e and who did it from the caller.
func newEntry(e auditapi.Entry, c auth.Caller, now clock.Time) (*entry, error) {
	if !slices.Contains(targetTypes, e.TargetType) {
		return nil, fmt.Errorf("audit: unknown target type %q", e.TargetType)
	}
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
	out := &entry{ID: ids.New(), Action: e.Action, TargetType: e.TargetType, TargetID: e.TargetID,
		IP: c.IP, UserAgent: c.UserAgent, RequestID: c.RequestID, Data: string(raw), CreatedAt: now}
	if actor := actorOf(e, c); actor != "" {
		out.ActorID = &actor
	}
	return out, nil
}

func actorOf(e auditapi.Entry, c auth.Caller) string {
	if c.UserID != "" {
		return c.UserID
	}
	return e.ActorID
}

// chain puts the entry behind the head and moves the head to it.
func (e *entry) chain(h *head) {
	e.Seq, e.PrevHash = h.Seq+1, h.Hash
	e.Hash = e.digest()
	h.Seq, h.Hash = e.Seq, e.Hash
}

// digest covers every field that tells something, each as "<length>:<text>", so that no two
// different entries have one canonical form.
func (e *entry) digest() string {
	actor := ""
	if e.ActorID != nil {
		actor = *e.ActorID
	}
	h := sha256.New()
	for _, field := range []string{strconv.FormatInt(e.Seq, 10), e.Action, actor, e.TargetType, e.TargetID, e.IP, e.UserAgent,
		e.RequestID, e.Data, e.CreatedAt.String(), e.PrevHash} {
		h.Write([]byte(strconv.Itoa(len(field)) + ":" + field))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// seal is what the head carries so that nobody without the server's secret can cut the tail and
// move the head back.
func (h *head) seal(key []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(strconv.FormatInt(h.Seq, 10) + ":" + h.Hash))
	return hex.EncodeToString(m.Sum(nil))
}
