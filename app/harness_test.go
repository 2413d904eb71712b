package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/app/seed"
	"lyceum/platform/config"
	"lyceum/platform/db"
	"lyceum/platform/program"
	"lyceum/platform/testkit"
)

// site is a running Lyceum, driven from outside.
type site struct {
	t    testing.TB
	base string
	cfg  *config.Config
	run  *program.Running
	stop func()
	// peers are the other replicas: any of them may send a mail, each into a mailbox of its own.
	peers []*site
	// before, where a test sets it, is told of every call before it is made.
	before func(method, path, token string, body any, headers ...header)
	// heard, where a test sets it, is told of every call and its answer.
	heard func(method, path, token string, body any, a answer)
}

// mailed are the mails that were caught, on whichever replica still runs.
func (s *site) mailed() []any {
	s.t.Helper()
	const mailbox = "/dev/mailbox/messages?limit=500"
	all := s.want(200, "GET", mailbox, "", nil).items()
	for _, peer := range s.peers {
		conn, err := net.Dial("tcp", peer.cfg.HTTPAddr)
		if err != nil {
			continue
		}
		_ = conn.Close()
		all = append(all, peer.want(200, "GET", mailbox, "", nil).items()...)
	}
	return all
}

// serveSite starts a whole application on parts of its own. What vars leaves out is embedded. targets are
// filled with parts that a test wants to look into.
func serveSite(t testing.TB, vars map[string]string, targets ...any) *site {
	t.Helper()
	port := freePort(t)
	env := map[string]string{
		"HTTP_ADDR": "127.0.0.1:" + port, "PUBLIC_URL": "http://127.0.0.1:" + port, "DATA_DIR": t.TempDir(),
		// Cheap hashes: what is tested is the flow, the cost is the operator's to set.
		"ARGON2_MEMORY_KIB": "64", "ARGON2_TIME": "1",
	}
	maps.Copy(env, vars)
	cfg, err := config.FromMap(env, allSettings()...)
	require.NoError(t, err)
	require.NoError(t, program.CheckDisabled(modules, cfg.ModulesDisabled))
	var p parts
	app := fx.New(program.BuildOptions(cfg, modules, about), fx.Populate(append([]any{&p}, targets...)...))
	require.NoError(t, app.Err())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, app.Start(ctx))
	r, err := start(ctx, p, io.Discard)
	require.NoError(t, err)
	stopped := false
	s := &site{t: t, base: cfg.PublicURL, cfg: cfg, run: r}
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = r.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(t, app.Stop(ctx))
	}
	t.Cleanup(s.stop)
	return s
}

// ports that this process has given out already.
var ports sync.Map

// freePort gives a port below those that outgoing connections take, so that none takes it meanwhile.
func freePort(t testing.TB) string {
	for range 1000 {
		port := strconv.Itoa(10000 + rand.IntN(22000))
		if _, taken := ports.LoadOrStore(port, true); taken {
			continue
		}
		if ln, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			require.NoError(t, ln.Close())
			return port
		}
	}
	require.Fail(t, "no port is free")
	return ""
}

// onKinds runs a story with the configuration of the embedded parts, and with that of the real ones, both at once.
func onKinds(t *testing.T, story func(t *testing.T, vars map[string]string)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		story(t, map[string]string{})
	})
	t.Run("services", func(t *testing.T) {
		t.Parallel()
		story(t, services(t))
	})
}

// kinds runs a story on the embedded parts and on the real ones.
func kinds(t *testing.T, story func(t *testing.T, s *site)) { kindsWith(t, nil, story) }

// kindsWith is kinds with some of the configuration given.
func kindsWith(t *testing.T, vars map[string]string, story func(t *testing.T, s *site)) {
	onKinds(t, func(t *testing.T, all map[string]string) {
		maps.Copy(all, vars)
		story(t, serveSite(t, all))
	})
}

// kindsInside is kinds for stories that also look into the database.
func kindsInside(t *testing.T, story func(t *testing.T, s *site, d *db.DB)) {
	onKinds(t, func(t *testing.T, vars map[string]string) {
		var d *db.DB
		s := serveSite(t, vars, &d)
		story(t, s, d)
	})
}

// services is the configuration of a site on real PostgreSQL, Redis and MinIO.
func services(t testing.TB) map[string]string {
	s3 := testkit.MinIO(t)
	return map[string]string{
		"DATABASE_URL": testkit.Postgres(t), "REDIS_URL": testkit.Redis(t), "S3_ENDPOINT": s3.Endpoint, "S3_BUCKET": s3.Bucket,
		"S3_ACCESS_KEY": s3.AccessKey, "S3_SECRET_KEY": s3.SecretKey, "S3_REGION": s3.Region,
		"ADMIN_EMAIL": "admin@lyceum.local", "ADMIN_PASSWORD": seed.DemoPassword,
	}
}

// answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Raw    []byte
	JSON   map[string]any
}

// get reads a field by a dotted path; lists by index.
func (a answer) get(path string) any {
	var v any = a.JSON
	for part := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[part]
		case []any:
			i := int(part[0] - '0')
			if i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) str(path string) string { s, _ := a.get(path).(string); return s }

func (a answer) items() []any { items, _ := a.JSON["items"].([]any); return items }

type header = map[string]string

// call sends a request as a client would. body is marshalled unless it is a string.
func (s *site) call(method, path, token string, body any, headers ...header) answer {
	s.t.Helper()
	if s.before != nil {
		s.before(method, path, token, body, headers...)
	}
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		require.NoError(s.t, err)
		r = bytes.NewReader(raw)
	}
	url := path
	if !strings.HasPrefix(path, "http") {
		url = s.base + path
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, url, r)
	require.NoError(s.t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range headers {
		for k, v := range h {
			req.Header.Set(k, v)
		}
	}
	if name := req.Header.Get("Host"); name != "" {
		req.Host = name // net/http sends no header of that name
	}
	res, err := client.Do(req)
	require.NoError(s.t, err)
	a := s.read(res)
	s.holdsConventions(method, path, a)
	if s.heard != nil {
		s.heard(method, path, token, body, a)
	}
	return a
}

// read takes an answer as it came.
func (s *site) read(res *http.Response) answer {
	s.t.Helper()
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(s.t, err)
	a := answer{Status: res.StatusCode, Header: res.Header, Raw: raw}
	_ = json.Unmarshal(raw, &a.JSON)
	return a
}

var client = &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// holdsConventions checks of every answer what the contract says of every answer.
func (s *site) holdsConventions(method, path string, a answer) {
	s.t.Helper()
	if strings.HasPrefix(path, "http") && !strings.HasPrefix(path, s.base) {
		return // the object store's own
	}
	require.NotEqual(s.t, 500, a.Status, "%s %s: %s", method, path, a.Raw)
	require.NotEmpty(s.t, a.Header.Get("X-Request-Id"), "%s %s", method, path)
	require.Equal(s.t, "nosniff", a.Header.Get("X-Content-Type-Options"), "%s %s", method, path)
	if a.Status < 400 || method == http.MethodHead || path == "/readyz" {
		return
	}
	require.Equal(s.t, "application/problem+json", a.Header.Get("Content-Type"), "%s %s: %s", method, path, a.Raw)
	require.EqualValues(s.t, a.Status, a.JSON["status"], "%s %s", method, path)
	require.Equal(s.t, "/problems/"+a.str("code"), a.str("type"), "%s %s", method, path)
	require.NotEmpty(s.t, a.str("title"), "%s %s: %s", method, path, a.Raw)
}

// want is call that must answer with a status.
func (s *site) want(status int, method, path, token string, body any, headers ...header) answer {
	s.t.Helper()
	a := s.call(method, path, token, body, headers...)
	require.Equal(s.t, status, a.Status, "%s %s: %s", method, path, a.Raw)
	return a
}

// refused is call that must answer with a status and a code.
func (s *site) refused(status int, code, method, path, token string, body any, headers ...header) answer {
	s.t.Helper()
	a := s.want(status, method, path, token, body, headers...)
	require.Equal(s.t, code, a.str("code"), "%s %s: %s", method, path, a.Raw)
	return a
}

const password = "correct horse battery"

// login gives an access token.
func (s *site) login(email, password string) string {
	s.t.Helper()
	return s.want(200, "POST", "/auth/login", "", map[string]string{"email": email, "password": password}).str("access_token")
}

// newcomer registers an account and gives its address, id and token.
func (s *site) newcomer(name string) (email, id, token string) {
	s.t.Helper()
	email = name + "@example.com"
	id = s.want(201, "POST", "/auth/register", "", map[string]string{"email": email, "password": password}).str("id")
	return email, id, s.login(email, password)
}

// admin logs the administrator in.
func (s *site) admin() string { s.t.Helper(); return s.login("admin@lyceum.local", seed.DemoPassword) }

// promote gives an account a role.
func (s *site) promote(admin, id, role string) {
	s.t.Helper()
	s.want(200, "PATCH", "/admin/users/"+id, admin, map[string]string{"role": role})
}
