package chat

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Sizes of a group: how many messages share one commit, and how long that may take.
const (
	maxGroup  = 64
	groupTime = 2500 * time.Millisecond
)

// queues gather what is said in a channel while the message before is being committed, so that
// many speakers share one transaction instead of waiting in line for one each.
type queues struct {
	append func(ctx context.Context, channelID string, drafts []draft) ([]posted, error)

	mu      sync.Mutex
	waiting map[string][]*waiting
}

type waiting struct {
	draft draft
	done  chan answer
}

type answer struct {
	posted posted
	err    error
}

func newQueues(append func(context.Context, string, []draft) ([]posted, error)) *queues {
	return &queues{append: append, waiting: map[string][]*waiting{}}
}

// post waits until its message is committed. When ctx ends first the message may be stored all the same.
func (q *queues) post(ctx context.Context, channelID string, d draft) (posted, error) {
	w := &waiting{d, make(chan answer, 1)}
	q.mu.Lock()
	line, running := q.waiting[channelID]
	q.waiting[channelID] = append(line, w)
	q.mu.Unlock()
	if !running {
		go q.run(channelID)
	}
	select {
	case a := <-w.done:
		return a.posted, a.err
	case <-ctx.Done():
		return posted{}, ctx.Err()
	}
}

// run commits group after group until nobody waits.
func (q *queues) run(channelID string) {
	for {
		group := q.next(channelID)
		if len(group) == 0 {
			return
		}
		out, err := q.commit(channelID, group)
		for i, w := range group {
			if err != nil {
				w.done <- answer{err: err}
				continue
			}
			w.done <- answer{posted: out[i]}
		}
	}
}

func (q *queues) next(channelID string) []*waiting {
	q.mu.Lock()
	defer q.mu.Unlock()
	line := q.waiting[channelID]
	if len(line) == 0 {
		delete(q.waiting, channelID)
		return nil
	}
	n := min(len(line), maxGroup)
	q.waiting[channelID] = line[n:]
	return line[:n]
}

func (q *queues) commit(channelID string, group []*waiting) (out []posted, err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("panic in chat", "panic", fmt.Sprint(p))
			err = fmt.Errorf("chat: panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), groupTime)
	defer cancel()
	drafts := make([]draft, len(group))
	for i, w := range group {
		drafts[i] = w.draft
	}
	return q.append(ctx, channelID, drafts)
}
