package live

import "context"

// maxPending is how many messages of one socket may be on their way to the database at once. Frames that
// come after them are not read until one is committed.
const maxPending = 16

// pendingPosts are the messages of a socket that wait for their commit. The goroutine of the session adds
// them and waits for them, any goroutine removes them. The zero value has none.
type pendingPosts struct {
	// slots has an element for each message. It is nil until the first one, as most sockets only read.
	slots chan struct{}
}

// add adds a message once there is room for it. It returns the error of ctx if that ends first.
func (p *pendingPosts) add(ctx context.Context) error {
	if p.slots == nil {
		p.slots = make(chan struct{}, maxPending)
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// remove removes a message.
func (p *pendingPosts) remove() { <-p.slots }

// wait waits until no message is left, or ctx ends.
func (p *pendingPosts) wait(ctx context.Context) {
	if len(p.slots) == 0 {
		return
	}
	taken := 0
	for taken < maxPending && p.add(ctx) == nil {
		taken++
	}
	for range taken {
		p.remove()
	}
}
