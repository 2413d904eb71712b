package apptest

import (
	"encoding/json"
	"slices"
	"sync"

	"lyceum/platform/events"
	"lyceum/platform/httpx/requestinfo"
)

// auditEvent is the name of the event by which modules write to the audit log.
const auditEvent = "audit.entry"

// Recorder keeps the events of a program in the order in which their transactions were committed.
type Recorder struct {
	mu     sync.Mutex
	events []events.Event
}

// recordEvent appends an event.
func (r *Recorder) recordEvent(e events.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// Reset forgets all recorded events.
func (r *Recorder) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = nil
}

// ListEvents returns the recorded events, those of the audit log included.
func (r *Recorder) ListEvents() []events.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// ListNames returns the names of the recorded events, without those of the audit log.
func (r *Recorder) ListNames() []string {
	names := []string{}
	for _, e := range r.ListEvents() {
		if e.EventName() != auditEvent {
			names = append(names, e.EventName())
		}
	}
	return names
}

// ListAuditActions returns the actions of the recorded entries of the audit log. The type of these
// entries belongs to a module, so their JSON is read.
func (r *Recorder) ListAuditActions() []string {
	actions := []string{}
	for _, e := range r.ListEvents() {
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

// statementCounts holds the number of database statements of each answer by the id of its request.
type statementCounts struct {
	mu        sync.Mutex
	byRequest map[string]int
}

// recordAnswer notes the statements of one answer.
func (s *statementCounts) recordAnswer(info *requestinfo.Info, _ int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byRequest == nil {
		s.byRequest = map[string]int{}
	}
	s.byRequest[info.ID] = int(info.Queries.Load())
}

// findCount returns the number for a request, and false as long as the server has not noted it.
func (s *statementCounts) findCount(requestID string) (n int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok = s.byRequest[requestID]
	return n, ok
}
