package messages

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"lyceum/platform/lifecycle"
	"lyceum/platform/telemetry"
)

// Bounds of a group: the messages that share one commit, and the time that the commit may take.
const (
	maxGroup     = 64
	groupTimeout = 2500 * time.Millisecond
)

// commitQueue gathers the messages that arrive in a channel while the messages before them are
// being committed, and commits them together. Writers of one channel wait for the lock of its row
// anyway; with the queue up to maxGroup of them share one transaction.
//
// A channel has a goroutine only while it has waiting drafts. There is none per message.
type commitQueue struct {
	commit func(ctx context.Context, channelID string, drafts []Draft) ([]Posted, error)

	// commits are the goroutines of the channels that have waiting drafts.
	commits lifecycle.Tasks

	mu sync.Mutex
	// waiting holds the drafts of each channel that has a running goroutine.
	waiting map[string][]*waitingDraft
}

// waitingDraft is a draft whose author waits for the outcome.
type waitingDraft struct {
	draft Draft
	done  func(Posted, error)
}

// newCommitQueue returns a queue that stores groups of drafts with commit.
func newCommitQueue(commit func(context.Context, string, []Draft) ([]Posted, error)) *commitQueue {
	return &commitQueue{commit: commit, waiting: map[string][]*waitingDraft{}}
}

// post queues a draft and waits until it is committed. It returns the error of ctx if that ends
// first; the message may be stored all the same.
func (q *commitQueue) post(ctx context.Context, channelID string, d Draft) (Posted, error) {
	type outcome struct {
		posted Posted
		err    error
	}
	outcomes := make(chan outcome, 1) // with room, so that the queue never waits for an author who has left
	q.enqueue(channelID, d, func(p Posted, err error) { outcomes <- outcome{p, err} })
	select {
	case o := <-outcomes:
		return o.posted, o.err
	case <-ctx.Done():
		return Posted{}, ctx.Err()
	}
}

// enqueue queues a draft. done is called once with the stored message or the error; those of one channel
// are called in the order of the drafts. It must return at once, as the next group waits for it.
func (q *commitQueue) enqueue(channelID string, d Draft, done func(Posted, error)) {
	q.mu.Lock()
	line, isRunning := q.waiting[channelID]
	q.waiting[channelID] = append(line, &waitingDraft{d, done})
	q.mu.Unlock()
	if !isRunning {
		q.commits.Run("chat commits", func(context.Context) { q.run(channelID) })
	}
}

// run commits the drafts of a channel group after group until none waits.
func (q *commitQueue) run(channelID string) {
	for {
		group := q.takeGroup(channelID)
		if len(group) == 0 {
			return
		}
		posted, err := q.commitGroup(channelID, group)
		for i, w := range group {
			if err != nil {
				w.done(Posted{}, err)
				continue
			}
			w.done(posted[i], nil)
		}
	}
}

// takeGroup removes the next drafts from the line of a channel. It removes the line when that is
// empty.
func (q *commitQueue) takeGroup(channelID string) []*waitingDraft {
	q.mu.Lock()
	defer q.mu.Unlock()
	line := q.waiting[channelID]
	if len(line) == 0 {
		delete(q.waiting, channelID)
		return line
	}
	n := min(len(line), maxGroup)
	q.waiting[channelID] = line[n:]
	return line[:n]
}

// commitGroup stores a group in one transaction. Its deadline does not depend on the request of any
// author, as the others wait for the same commit. For the same reason its context has no caller;
// drafts and events name their authors themselves. A panic becomes an error of the whole group.
func (q *commitQueue) commitGroup(channelID string, group []*waitingDraft) (posted []Posted, err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("storing chat messages panicked", "panic", fmt.Sprint(p))
			err = fmt.Errorf("chat: panic: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), groupTimeout)
	defer cancel()
	ctx, span := telemetry.StartGroup(ctx, "commit messages", group,
		func(w *waitingDraft) telemetry.Cause { return w.draft.Cause })
	defer func() { telemetry.EndSpan(span, err) }()
	drafts := make([]Draft, len(group))
	for i, w := range group {
		drafts[i] = w.draft
	}
	return q.commit(ctx, channelID, drafts)
}
