package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// rawRequest sends bytes and returns what came back within the time, "" for a connection that ended without an answer.
func rawRequest(s *sitetest.Site, request string, within time.Duration) string {
	s.T.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(s.T, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte(request))
	require.NoError(s.T, err)
	require.NoError(s.T, conn.SetReadDeadline(time.Now().Add(within)))
	answer := bufio.NewReader(conn)
	line, _ := answer.ReadString('\n')
	if line != "" {
		rest, _ := io.ReadAll(io.LimitReader(answer, 4096))
		line += string(rest)
	}
	return line
}

// sendAfterContinue sends a head, and its body once the server has asked for it.
func sendAfterContinue(s *sitetest.Site, head, body string) *http.Response {
	s.T.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.NoError(s.T, err)
	s.T.Cleanup(func() { _ = conn.Close() })
	require.NoError(s.T, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, head)
	require.NoError(s.T, err)
	reader := bufio.NewReader(conn)
	line, err := reader.ReadString('\n')
	require.NoError(s.T, err)
	require.Equal(s.T, "HTTP/1.1 100 Continue\r\n", line)
	_, _ = reader.ReadString('\n')
	_, err = io.WriteString(conn, body)
	require.NoError(s.T, err)
	res, err := http.ReadResponse(reader, nil)
	require.NoError(s.T, err)
	return res
}

// A body that is announced too large is refused at once, after what the route and the caller refuse, and though no byte of
// it ever comes.
func TestTooLargeBodiesAreRefusedByTheirLength(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	_, _, user := s.NewAccount("announcing")
	for _, length := range []string{"1048577", "5242880", "10737418240", "9223372036854775807"} {
		for _, expects := range []string{"", "Expect: 100-continue\r\n"} {
			for _, c := range []struct{ line, token, want string }{
				{"POST /courses", admin, "413"}, {"POST /courses", user, "403"}, {"POST /courses", "", "401"},
				{"POST /courses", "bad", "401"},
				{"POST /nope", "", "404"}, {"DELETE /auth/login", "", "405"}, {
					"POST /auth/login", "", "413",
				}, {"PATCH /users/me", user, "413"},
				{"GET /courses", "", "413"},
			} {
				request := c.line + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + expects + "Content-Length: " + length + "\r\n"
				if c.token != "" {
					request += "Authorization: Bearer " + c.token + "\r\n"
				}
				got := rawRequest(s, request+"\r\n", 2*time.Second)
				require.True(t, strings.HasPrefix(got, "HTTP/1.1 "+c.want+" "), "%s %s %s: %q", c.line, length,
					expects, got)
				require.Contains(t, got, "application/problem+json", c.line)
				require.Contains(t, got, "Connection: close", c.line)
			}
		}
	}
	// A file has a bound of its own.
	for length, want := range map[string]string{"536870913": "413", "10737418240": "413"} {
		got := rawRequest(s,
			"POST /courses/import HTTP/1.1\r\nHost: x\r\nContent-Type: application/zip\r\nAuthorization: Bearer "+admin+
				"\r\nContent-Length: "+length+"\r\n\r\n", 2*time.Second)
		require.True(t, strings.HasPrefix(got, "HTTP/1.1 "+want+" "), "%s: %q", length, got)
	}
	for _, expects := range []string{"", "Expect: 100-continue\r\n"} {
		got := rawRequest(s,
			"PUT /objects/nonsense HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"+expects+"Content-Length: 10737418240\r\n\r\n",
			2*time.Second)
		require.True(t, strings.HasPrefix(got, "HTTP/1.1 4"), "%q", got)
		require.Contains(t, got, "application/problem+json")
	}
	// A client that sends at once still reads the answer.
	for range 20 {
		a := s.Call("POST", "/courses", admin, `{"title":"`+strings.Repeat("x", 3<<20)+`"}`)
		require.Equal(t, "body-too-large", a.Text("code"))
	}
	const chunk = 16 << 20
	got := rawRequest(s, fmt.Sprintf("POST /courses HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"+
		"Authorization: Bearer %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
		admin, chunk, strings.Repeat("x", chunk)), 5*time.Second)
	require.True(t, strings.HasPrefix(got, "HTTP/1.1 413 "), "%.40q", got)
	for range 20 {
		a := s.Call("GET", "/healthz", "", nil, sitetest.Header{"X-Long": strings.Repeat("a", 4<<20)})
		require.Equal(t, "header-too-large", a.Text("code"))
	}
}

// "100 Continue" is sent only to a request that its headers do not refuse, and such a request counts once.
func TestExpectIsAnsweredAfterTheChecks(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_API": "1000/1h"})
	admin := s.AdminToken()
	_, _, user := s.NewAccount("expecting")
	const body = `{"title":"Expected"}`
	request := func(line, token, contentType string, more ...string) string {
		return fmt.Sprintf("%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nExpect: 100-continue\r\nContent-Length: %d\r\n%s\r\n",
			line, token, contentType, len(body), strings.Join(more, ""))
	}
	for want, text := range map[string]string{
		"401": request("POST /courses", "bad", "application/json"),
		"403": request("POST /courses", user, "application/json"),
		"404": request("POST /nope", admin, "application/json"),
		"405": request("PUT /courses", admin, "application/json"),
		"415": request("POST /courses", admin, "text/plain"),
		"400": request("POST /courses", admin, "application/json", "Transfer-Encoding: chunked\r\n"),
	} {
		got := rawRequest(s, text, 2*time.Second)
		require.True(t, strings.HasPrefix(got, "HTTP/1.1 "+want+" "), "%s: %q", want, got)
	}
	require.Contains(t,
		rawRequest(s, request("POST /courses", admin, "application/json", "Content-Encoding: gzip\r\n"), 2*time.Second),
		" 415 ")

	remaining := func() string {
		return strings.Split(s.Want(200, "GET", "/users/me", admin, nil).Header.Get("RateLimit"), ";")[1]
	}
	before := remaining()
	res := sendAfterContinue(s, request("POST /courses", admin, "application/json"), body)
	require.Equal(t, 201, res.StatusCode)
	require.NotEmpty(t, res.Header.Get("RateLimit"))
	var was, is int
	_, _ = fmt.Sscanf(before, "r=%d", &was)
	_, _ = fmt.Sscanf(remaining(), "r=%d", &is)
	require.Equal(t, 2, was-is, "the request and the question, once each")
	require.Len(t, s.Want(200, "GET", "/courses?q=Expected&status=draft", admin, nil).Items(), 1)
	// Without a body there is nothing to wait for.
	require.Contains(t,
		rawRequest(s, "GET /courses HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
			2*time.Second),
		"HTTP/1.1 200 OK")
}

// Programs that send large files ask first: the store says whether the URL holds before the bytes come.
func TestUploadsWithExpect(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	content := strings.Repeat("line\n", 500_000)
	begun := s.Want(201, "POST", "/storage/uploads", admin,
		map[string]any{"key": "expected.txt", "content_type": "text/plain", "size": len(content)})
	target := strings.TrimPrefix(begun.Text("upload.url"), s.URL)
	head := "PUT %s HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.URL, "http://") + "\r\nContent-Type: text/plain\r\nIf-None-Match: *\r\nExpect: 100-continue\r\n" +
		"Content-Length: " + fmt.Sprint(len(content)) + "\r\n\r\n"
	require.Contains(t, rawRequest(s, fmt.Sprintf(head, target+"x"), 2*time.Second), "HTTP/1.1 403 ")

	res := sendAfterContinue(s, fmt.Sprintf(head, target), content)
	require.Less(t, res.StatusCode, 300)
	s.Want(200, "POST", "/storage/uploads/"+begun.Text("id")+"/complete", admin, nil)

	// A course comes the same way.
	course := s.Want(201, "POST", "/courses", admin, `{"title":"Sent"}`).Text("id")
	archive := s.Want(200, "GET", "/courses/"+course+"/export", admin, nil).Raw
	req, err := http.NewRequest("POST", s.URL+"/courses/import", strings.NewReader(string(archive)))
	require.NoError(t, err)
	req.Header = http.Header{
		"Content-Type": {"application/zip"}, "Authorization": {"Bearer " + admin}, "Expect": {"100-continue"},
	}
	imported, err := (&http.Client{Transport: &http.Transport{ExpectContinueTimeout: 5 * time.Second}}).Do(req)
	require.NoError(t, err)
	require.NoError(t, imported.Body.Close())
	require.Equal(t, 201, imported.StatusCode)
}

// H7: versions and hosts that a proxy may read differently are refused, and nothing after them is served.
func TestVersionsAndHosts(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	refused := func(request string) {
		t.Helper()
		got := rawRequest(s, request+"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 5*time.Second)
		require.True(t, got == "" || strings.HasPrefix(got, "HTTP/1.1 400 "), "%q: %q", request, got)
		require.Less(t, strings.Count(got, "HTTP/1.1 "), 2, "%q: %q", request, got)
	}
	for _, version := range []string{
		"HTTP/9.9", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/1", "HTTP/1.1.1", "http/1.1", "HTTPS/1.1",
		"HTTP/01.1", "FTP/1.1",
	} {
		refused("GET /courses " + version + "\r\nHost: x\r\n\r\n")
	}
	for _, host := range []string{
		"user:pw@x", "user@x", "x:y", "x:99999", "x:123456", "x/y", "x y", "x,y", "x?y", "x#y", "[::1", "::1",
		"x\\y", "<x>", "x:80:80", "", "@", "x\"", "-x", ".x",
	} {
		refused("GET /courses HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
	}
	refused("GET /courses HTTP/1.1\r\n\r\n")
	refused("GET /courses HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n")
	refused("GET http://user:pw@x/courses HTTP/1.1\r\nHost: x\r\n\r\n")
	for _, host := range []string{
		"x", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "school.example", "school_1.example.",
		"X-Y.example:443",
	} {
		got := rawRequest(s, "GET /courses HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n", 5*time.Second)
		require.True(t, strings.HasPrefix(got, "HTTP/1.1 200 "), "%q: %q", host, got)
	}
	require.Contains(t, rawRequest(s, "GET /courses HTTP/1.0\r\n\r\n", 5*time.Second), " 200 ")
}
