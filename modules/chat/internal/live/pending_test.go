package live

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
)

// nextCommit returns what ends the commit of the next message.
func (r *replica) nextCommit() func(error) {
	r.t.Helper()
	return testkit.Receive(r.t, r.channel.commits, 5*time.Second)
}

// The messages of one socket do not wait for each other's commits. Everything is answered in its order.
func TestMessagesOfASocketAreCommittedTogether(t *testing.T) {
	r := startReplica(t)
	r.channel.commits = make(chan func(error), 100)
	s := r.open(ids.New(), "")
	for i := range 3 {
		s.send(frame{"type": "message", "body": fmt.Sprint(i), "client_id": fmt.Sprint("id-", i)})
	}
	s.send(frame{"type": "ping"})
	s.send(frame{"type": "message", "body": "last", "client_id": "last"})
	first, second, third := r.nextCommit(), r.nextCommit(), r.nextCommit()
	require.Empty(t, r.channel.commits, "the ping waits")
	first(nil)
	second(apperr.Unavailable("The database can't be reached now."))
	third(nil)
	last := r.nextCommit()
	last(nil)
	var got []string
	for len(got) < 5 {
		switch f := s.until("ack", "error", "pong"); f["type"] {
		case "ack":
			got = append(got, fmt.Sprint("ack ", f["client_id"]))
		default:
			got = append(got, fmt.Sprint(f["type"]))
		}
	}
	require.Equal(t, []string{"ack id-0", "error", "ack id-2", "pong", "ack last"}, got)
}

// A refusal that is known at once is sent after the answers to the messages before it.
func TestARefusalWaitsForTheMessagesBefore(t *testing.T) {
	r := startReplica(t)
	r.channel.commits = make(chan func(error), 100)
	s := r.open(ids.New(), "")
	s.send(frame{"type": "message", "body": "good", "client_id": "good"})
	commit := r.nextCommit()
	r.channel.fail(nil, nil, apperr.Invalid("body", "too long"))
	s.send(frame{"type": "message", "body": "bad"})
	s.send(frame{"type": "unknown"})
	commit(nil)
	require.Equal(t, "ack", s.until("ack", "error")["type"])
	require.Equal(t, "error", s.until("ack", "error")["type"])
	require.Equal(t, "error", s.until("ack", "error")["type"])
}

func TestPendingMessagesOfASocketAreBounded(t *testing.T) {
	r := startReplica(t)
	r.channel.commits = make(chan func(error), 100)
	s := r.open(ids.New(), "")
	for i := range maxPending + 5 {
		s.send(frame{"type": "message", "body": fmt.Sprint(i), "client_id": fmt.Sprint(i)})
	}
	var commits []func(error)
	for range maxPending {
		commits = append(commits, r.nextCommit())
	}
	require.Never(t, func() bool { return len(r.channel.commits) > 0 }, 50*time.Millisecond, 5*time.Millisecond)
	for i := range maxPending + 5 {
		commits[0](nil)
		commits = commits[1:]
		require.Equal(t, fmt.Sprint(i), s.until("ack")["client_id"])
		if i < 5 {
			commits = append(commits, r.nextCommit())
		}
	}
}
