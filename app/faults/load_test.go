package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

const (
	// requestTimeout is how long the load waits for an answer. The server answers within three seconds by itself; a
	// frozen one answers when it goes on.
	requestTimeout = 10 * time.Second
	// retryPause lies between two tries of one piece of work.
	retryPause = 50 * time.Millisecond
	// learnerCount is how many learners work on courses, and talkerCount how many people hold a socket.
	learnerCount, talkerCount = 3, 2
)

// person is an account that works.
type person struct{ email, id, token string }

// load is people who work at an installation, all at once, until they are told to finish. A piece of work that is not
// acknowledged is done again with the same idempotency key, as a good client does, until it is.
type load struct {
	*ledger
	t    *testing.T
	url  string
	http *http.Client

	admin, teacher *person
	learners       []*person
	talkers        []*talker
	// courseID is a course that all learners are enrolled in.
	courseID string
	// inviteCode makes a member of an account, and inviteID names it.
	inviteCode, inviteID string

	// finishing is closed when no piece of work is begun any more.
	finishing chan struct{}
	// life ends with the test, also in the middle of a piece.
	life context.Context
	all  sync.WaitGroup
}

// newLoad makes the accounts of the people and what they work on.
func newLoad(t *testing.T, i *installation) *load {
	t.Helper()
	s := &sitetest.Site{T: t, URL: i.balancer.URL}
	l := &load{
		ledger: newLedger(kindsOfWork), t: t, url: i.balancer.URL, finishing: make(chan struct{}), life: t.Context(),
		http: &http.Client{Timeout: requestTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 50}},
	}
	t.Cleanup(func() {
		l.all.Wait() // the life of a failed test has ended, too
		l.http.CloseIdleConnections()
	})
	l.admin = &person{token: s.AdminToken()}
	l.teacher = newPerson(s, "teacher")
	s.SetRole(l.admin.token, l.teacher.id, "instructor")
	l.courseID = s.Want(201, "POST", "/courses", l.teacher.token,
		`{"title":"For all","visibility":"public","status":"published"}`).Text("id")
	for n := range learnerCount {
		learner := newPerson(s, fmt.Sprint("learner-", n))
		s.Want(201, "POST", "/courses/"+l.courseID+"/enrollment", learner.token, nil)
		l.learners = append(l.learners, learner)
	}
	invite := s.Want(201, "POST", "/admin/invites", l.admin.token, `{"role_to_grant":"member","max_uses":10000}`)
	l.inviteCode, l.inviteID = invite.Text("code"), invite.Text("id")
	for n := range talkerCount {
		l.talkers = append(l.talkers, &talker{load: l, who: newPerson(s, fmt.Sprint("talker-", n)), number: n})
	}
	return l
}

// newPerson registers an account.
func newPerson(s *sitetest.Site, name string) *person {
	p := &person{}
	p.email, p.id, p.token = s.NewAccount(name)
	return p
}

// start sets everybody to work.
func (l *load) start() {
	l.people(2, 40*time.Millisecond, l.writeMessage)
	l.people(1, 150*time.Millisecond, l.joinAsMember)
	l.people(1, 150*time.Millisecond, l.createCourse)
	l.people(1, 300*time.Millisecond, l.announce)
	l.people(1, 150*time.Millisecond, l.uploadFile)
	l.people(2, 50*time.Millisecond, l.readAround)
	l.people(learnerCount, 100*time.Millisecond, l.takeCourse)
	for _, k := range l.talkers {
		l.all.Go(k.talk)
	}
}

// people starts n people who do a piece of work again and again, with a pause between. The first argument of do numbers
// the people from 0, the second one the pieces of each.
func (l *load) people(n int, pause time.Duration, do func(who, piece int)) {
	for who := range n {
		l.all.Go(func() {
			for piece := 0; !l.isFinishing(); piece++ {
				do(who, piece)
				l.wait(pause)
			}
		})
	}
}

// finish lets everybody end the piece that they are at.
func (l *load) finish() {
	l.t.Helper()
	close(l.finishing)
	l.all.Wait()
	require.Empty(l.t, l.surprises)
}

// isFinishing returns whether no piece of work should be begun any more.
func (l *load) isFinishing() bool {
	select {
	case <-l.finishing:
		return true
	case <-l.life.Done():
		return true
	default:
		return false
	}
}

// wait waits, unless the test ends.
func (l *load) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-l.life.Done():
	}
}

// request is one request of the load.
type request struct {
	method, path, token string
	body                any
	// key is the Idempotency-Key, if the operation takes one.
	key string
}

// send sends a request once. It returns an error if there is no answer.
func (l *load) send(kind string, r request) (a sitetest.Answer, err error) {
	var body io.Reader
	if r.body != nil {
		raw, err := json.Marshal(r.body)
		if err != nil {
			return a, err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(l.life, r.method, l.url+r.path, body)
	if err != nil {
		return a, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	return l.do(kind, req)
}

// do sends a request and reads its answer.
func (l *load) do(kind string, req *http.Request) (a sitetest.Answer, err error) {
	begun := time.Now()
	req.GetBody = nil // so that net/http sends it once
	res, err := l.http.Do(req)
	if err != nil {
		return a, err
	}
	if a, err = sitetest.ParseAnswer(res); err == nil {
		l.time(kind, time.Since(begun))
	}
	return a, err
}

// complete sends a request until it is answered with one of the statuses, and returns that answer. It returns false if
// the test ends before, or after an answer that no fault explains.
func (l *load) complete(kind string, r request, statuses ...int) (sitetest.Answer, bool) {
	return l.repeat(kind, func() (sitetest.Answer, error) { return l.send(kind, r) }, statuses...)
}

// repeat is complete for any way to send.
func (l *load) repeat(
	kind string, send func() (sitetest.Answer, error), statuses ...int,
) (a sitetest.Answer, acknowledged bool) {
	for l.life.Err() == nil {
		a, err := send()
		switch {
		case err != nil:
			l.refuse(kind, err.Error())
		case slices.Contains(statuses, a.Status):
			return a, true
		case isExplained(a):
			l.refuse(kind, fmt.Sprint(a.Status, " ", strings.TrimSpace(string(a.Raw))))
		default:
			l.surprise(kind, "%d %s", a.Status, a.Raw)
			return a, false
		}
		l.wait(retryPause)
	}
	return a, false
}

// isExplained returns whether an answer may be given while a part fails: the balancer has reached no replica, a part is
// missing, or the same request was cut off before and its first run has not ended.
func isExplained(a sitetest.Answer) bool {
	switch a.Status {
	case http.StatusBadGateway:
		return true
	case http.StatusServiceUnavailable:
		return a.Header.Get("Retry-After") != "" && a.Header.Get("Content-Type") == "application/problem+json"
	case http.StatusConflict:
		return a.Text("code") == "idempotency-in-progress"
	default:
		return false
	}
}
