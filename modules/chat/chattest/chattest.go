// Package chattest has a chatapi.Pusher for the tests of modules that reach accounts by sockets.
package chattest

import (
	"slices"
	"sync"

	"lyceum/modules/chat/chatapi"
)

// Pusher keeps what was pushed, in memory. It is safe for concurrent use.
type Pusher struct {
	mu     sync.Mutex
	pushed map[string][]any
}

var _ chatapi.Pusher = (*Pusher)(nil)

// Push implements chatapi.Pusher.
func (p *Pusher) Push(userID string, notification any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pushed == nil {
		p.pushed = map[string][]any{}
	}
	p.pushed[userID] = append(p.pushed[userID], notification)
}

// Pushed returns what was pushed to an account, in its order.
func (p *Pusher) Pushed(userID string) []any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.pushed[userID])
}

// CountAccounts returns to how many accounts something was pushed.
func (p *Pusher) CountAccounts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pushed)
}
