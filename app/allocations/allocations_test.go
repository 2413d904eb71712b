// Package allocations records how many objects the server allocates for a request on each hot path. It is a
// package of its own because the count is that of the whole process: no other test may run beside it.
package allocations

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// golden has the allocations for a request by the name of the hot path.
var golden = filepath.Join("testdata", "allocations.json")

const (
	// warmUp is how many requests fill caches and pools before the count begins, counted how many follow.
	warmUp  = 300
	counted = 1500
	// slack and slackPercent are how far a count may lie above the recorded one: pools are emptied now and then, and
	// background work allocates, too.
	slack        = 3.0
	slackPercent = 4.0
)

// connection is one connection to the server that allocates nothing for a request.
type connection struct {
	conn   net.Conn
	reader *bufio.Reader
	// status holds the status line of the last answer.
	status [64]byte
}

func dial(t *testing.T, addr string) *connection {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return &connection{conn: conn, reader: bufio.NewReaderSize(conn, 256<<10)}
}

var contentLength = []byte("Content-Length: ")

// send sends a request, reads the answer and returns its status line, which is valid until the next call.
func (c *connection) send(request []byte) (status []byte, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return nil, err
	}
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	status = c.status[:copy(c.status[:], line)]
	length := 0
	for {
		line, err = c.reader.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if len(line) == 2 {
			break
		}
		if bytes.HasPrefix(line, contentLength) {
			length = 0
			for _, digit := range line[len(contentLength) : len(line)-2] {
				length = 10*length + int(digit-'0')
			}
		}
	}
	_, err = c.reader.Discard(length)
	return status, err
}

// countAllocations returns how many objects the process allocates for each of many requests. next returns the
// n-th one.
func (c *connection) countAllocations(t *testing.T, status int, next func(n int) []byte) float64 {
	t.Helper()
	want := []byte("HTTP/1.1 " + strconv.Itoa(status) + " ")
	send := func(n int) {
		got, err := c.send(next(n))
		if err != nil || !bytes.HasPrefix(got, want) {
			require.FailNow(t, "unexpected answer", "%s: %v", got, err)
		}
	}
	for n := range warmUp {
		send(n)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for n := range counted {
		send(warmUp + n)
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / counted
}

// school is a site with courses, a file and a learner.
type school struct {
	*sitetest.Site
	courses, lessons []string
	learner          string
}

func newSchool(t *testing.T) *school {
	t.Helper()
	vars := sitetest.Services(t)
	vars["RATE_LIMIT_API"] = "1000000/1s"
	vars["DEMO"] = "false"
	s := &school{Site: sitetest.Start(t, vars)}
	admin := s.AdminToken()
	s.AddAsset(admin, "files/video.txt", "text/plain", "x")
	for i := range 25 {
		id := s.Want(201, "POST", "/courses", admin, map[string]any{
			"title": fmt.Sprint("Course ", i), "summary": "In a sentence.", "tags": []string{"go"}, "status": "published",
		}).Text("id")
		for j := range 5 {
			lesson := map[string]any{"title": fmt.Sprint("Lesson ", j), "content": "Text.", "asset_key": "files/video.txt"}
			s.lessons = append(s.lessons, s.Want(201, "POST", "/courses/"+id+"/lessons", admin, lesson).Text("id"))
		}
		s.courses = append(s.courses, id)
	}
	email, id, token := s.NewAccount("learner")
	s.SetRole(admin, id, "member")
	s.learner = token
	s.Want(200, "POST", "/courses/"+s.courses[0]+"/enrollments/batch", admin, sitetest.Batch(email))
	s.Want(200, "PUT", s.progressPath(), token, `{"percent":1}`)
	return s
}

func (s *school) progressPath() string {
	return "/courses/" + s.courses[0] + "/lessons/" + s.lessons[0] + "/progress"
}

// request returns the bytes of a request of a caller; an empty token is nobody's.
func request(method, path, token, body string, headers ...string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: lyceum.test\r\n", method, path)
	if token != "" {
		b.WriteString("Authorization: Bearer " + token + "\r\n")
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	return []byte(b.String() + "\r\n" + body)
}

// A hot path must not allocate more than is recorded. After a change that allocates less, or more for a good
// reason, GOLDEN_UPDATE=1 records the new counts.
func TestAllocationsOfHotPathsDoNotGrow(t *testing.T) {
	s := newSchool(t)
	c := dial(t, strings.TrimPrefix(s.URL, "http://"))
	etag := s.Want(200, "GET", "/courses/"+s.courses[0], "", nil).Header.Get("ETag")
	always := func(r []byte) func(int) []byte { return func(int) []byte { return r } }
	changing := make([][]byte, 2)
	for i := range changing {
		changing[i] = request("PUT", s.progressPath(), s.learner, fmt.Sprintf(`{"percent":1,"position_seconds":%d}`, i))
	}
	paths := []struct {
		name   string
		status int
		next   func(int) []byte
	}{
		{"list for a visitor", 200, always(request("GET", "/courses", "", ""))},
		{"list for a learner", 200, always(request("GET", "/courses", s.learner, ""))},
		{"course for a visitor", 200, always(request("GET", "/courses/"+s.courses[0], "", ""))},
		{"course for a learner", 200, always(request("GET", "/courses/"+s.courses[0], s.learner, ""))},
		{"course not modified", 304, always(request("GET", "/courses/"+s.courses[0], "", "", "If-None-Match: "+etag))},
		{"lesson for a learner", 200, always(request("GET", "/courses/"+s.courses[0]+"/lessons/"+s.lessons[0], s.learner, ""))},
		{"signed URL", 200, always(request("GET", "/storage/sign?key=files/video.txt", s.learner, ""))},
		{"progress, changing", 200, func(n int) []byte { return changing[n%2] }},
		{"progress, unchanged", 200, always(request("PUT", s.progressPath(), s.learner, `{"percent":1}`))},
	}
	counts := map[string]float64{}
	for _, p := range paths {
		counts[p.name] = c.countAllocations(t, p.status, p.next)
		t.Logf("%-22s %.1f", p.name, counts[p.name])
	}
	compareWithGolden(t, counts)
}

func compareWithGolden(t *testing.T, counts map[string]float64) {
	t.Helper()
	if os.Getenv("GOLDEN_UPDATE") == "1" {
		rounded := map[string]int{}
		for name, count := range counts {
			rounded[name] = int(count + 0.5)
		}
		raw, err := json.MarshalIndent(rounded, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(golden, append(raw, '\n'), 0o644))
		return
	}
	raw, err := os.ReadFile(golden)
	require.NoError(t, err)
	recorded := map[string]float64{}
	require.NoError(t, json.Unmarshal(raw, &recorded))
	require.Len(t, recorded, len(counts))
	for name, count := range counts {
		require.LessOrEqual(t, count, recorded[name]*(1+slackPercent/100)+slack,
			"%s: if it is meant, GOLDEN_UPDATE=1 go tool task test -- ./app/allocations", name)
	}
}

// The count is that of the server: the client adds nothing to it.
func TestTheClientAllocatesNothing(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		answer, buf := []byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), make([]byte, 4096)
		for {
			if _, err := conn.Read(buf); err != nil {
				return
			}
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	}()
	r := request("GET", "/", "", "")
	count := dial(t, ln.Addr().String()).countAllocations(t, 200, func(int) []byte { return r })
	require.Less(t, count, 0.5)
}
