package messages

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// gate is a commit that tests let through group by group.
type gate struct {
	groups chan []Draft
	open   chan error
}

func newGate() *gate { return &gate{make(chan []Draft), make(chan error)} }

func (g *gate) commit(_ context.Context, _ string, drafts []Draft) ([]Posted, error) {
	g.groups <- drafts
	posted := make([]Posted, len(drafts))
	for i, d := range drafts {
		posted[i].Body = d.Body
	}
	return posted, <-g.open
}

// postAll posts bodies at once and waits until they are queued behind a first group.
func postAll(t *testing.T, q *commitQueue, n int) (results chan error, wait func()) {
	t.Helper()
	results = make(chan error, n)
	var posting sync.WaitGroup
	for i := range n {
		posting.Go(func() {
			body := fmt.Sprint(i)
			posted, err := q.post(t.Context(), "channel", Draft{NewMessage: NewMessage{Body: body}})
			if err == nil && posted.Body != body {
				err = fmt.Errorf("got the outcome of %q for %q", posted.Body, body)
			}
			results <- err
		})
	}
	require.Eventually(t, func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return len(q.waiting["channel"]) == n
	}, 5*time.Second, time.Millisecond)
	return results, posting.Wait
}

// startGroup posts one draft and waits until its commit runs.
func startGroup(t *testing.T, q *commitQueue, g *gate) (outcome chan error) {
	t.Helper()
	outcome = make(chan error, 1)
	go func() {
		_, err := q.post(t.Context(), "channel", Draft{})
		outcome <- err
	}()
	require.Len(t, <-g.groups, 1)
	return outcome
}

func TestDraftsThatWaitShareACommit(t *testing.T) {
	g := newGate()
	q := newCommitQueue(g.commit)
	first := startGroup(t, q, g)
	results, wait := postAll(t, q, maxGroup+5)
	g.open <- nil
	require.NoError(t, <-first)
	for _, size := range []int{maxGroup, 5} {
		require.Len(t, <-g.groups, size)
		g.open <- nil
	}
	wait()
	for range maxGroup + 5 {
		require.NoError(t, <-results)
	}
	require.Eventually(t, func() bool {
		q.mu.Lock()
		defer q.mu.Unlock()
		return len(q.waiting) == 0
	}, 5*time.Second, time.Millisecond, "an idle channel has no goroutine")
}

func TestErrorReachesEachOfItsGroup(t *testing.T) {
	g := newGate()
	q := newCommitQueue(g.commit)
	first := startGroup(t, q, g)
	results, wait := postAll(t, q, 3)
	planted := errors.New("planted")
	g.open <- planted
	require.ErrorIs(t, <-first, planted)
	require.Len(t, <-g.groups, 3)
	g.open <- nil
	wait()
	for range 3 {
		require.NoError(t, <-results, "the next group is another transaction")
	}
}

func TestPanicIsAnErrorOfItsGroup(t *testing.T) {
	isFirst := true
	q := newCommitQueue(func(context.Context, string, []Draft) ([]Posted, error) {
		if isFirst {
			isFirst = false
			panic("planted")
		}
		return make([]Posted, 1), nil
	})
	_, err := q.post(t.Context(), "channel", Draft{})
	require.ErrorContains(t, err, "planted")
	_, err = q.post(t.Context(), "channel", Draft{})
	require.NoError(t, err)
}

func TestAuthorWhoLeavesHoldsUpNobody(t *testing.T) {
	g := newGate()
	q := newCommitQueue(g.commit)
	leaving, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := q.post(leaving, "channel", Draft{})
		left <- err
	}()
	<-g.groups
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	results, wait := postAll(t, q, 2)
	g.open <- nil
	require.Len(t, <-g.groups, 2)
	g.open <- nil
	wait()
	require.NoError(t, <-results)
	require.NoError(t, <-results)
}

func TestChannelsDoNotWaitForEachOther(t *testing.T) {
	block := make(chan struct{})
	q := newCommitQueue(func(_ context.Context, channelID string, drafts []Draft) ([]Posted, error) {
		if channelID == "slow" {
			<-block
		}
		return make([]Posted, len(drafts)), nil
	})
	slow := make(chan error, 1)
	go func() {
		_, err := q.post(t.Context(), "slow", Draft{})
		slow <- err
	}()
	_, err := q.post(t.Context(), "fast", Draft{})
	require.NoError(t, err)
	require.Empty(t, slow)
	close(block)
	require.NoError(t, <-slow)
}
