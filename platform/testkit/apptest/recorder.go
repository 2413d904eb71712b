package apptest

import (
	"encoding/json"
	"slices"
	"sync"

	"lyceum/platform/events"
	"lyceum/platform/httpx/requestinfo"
)

// auditEvent is the event by which modules write to the audit log.
const auditEvent = "audit.entry"

// Recorder keeps the events of a program in the order in which their transactions were committed.
type Recorder struct {
	mu     sync.Mutex
	events []events.Event
}

func (r *Recorder) record(e events.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// Reset forgets what was recorded.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = nil
}

// All returns the recorded events.
func (r *Recorder) All() []events.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Names returns the names of the recorded events, without entries of the audit log.
func (r *Recorder) Names() []string {
	names := []string{}
	for _, e := range r.All() {
		if e.EventName() != auditEvent {
			names = append(names, e.EventName())
		}
	}
	return names
}

// AuditActions returns the actions of the recorded entries of the audit log.
func (r *Recorder) AuditActions() []string {
	actions := []string{}
	for _, e := range r.All() {
		if e.EventName() != auditEvent {
			continue
		}
		var entry struct{ Action string }
		raw, err := json.Marshal(e)
		if err == nil {
			err = json.Unmarshal(raw, &entry)
		}
		if err != nil {
			entry.Action = err.Error()
		}
		actions = append(actions, entry.Action)
	}
	return actions
}

// statementCounts remembers how many database statements each answer took, by the id of its request.
type statementCounts struct {
	mu    sync.Mutex
	count map[string]int
}

func (s *statementCounts) record(info *requestinfo.Info, _ int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count == nil {
		s.count = map[string]int{}
	}
	s.count[info.ID] = int(info.Queries.Load())
}

// find returns the number for a request. The server notes it just after the answer, so it may take a moment.
func (s *statementCounts) find(requestID string) (n int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok = s.count[requestID]
	return n, ok
}
