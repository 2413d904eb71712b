package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

var roles = []string{"anonymous", "user", "member", "instructor", "admin"}

func rankOf(role string) int { return slices.Index(roles, role) }

// testAccount is an account, or nobody.
type testAccount struct{ role, id, email, token string }

// ids are values of path parameters by their names.
type ids map[string]string

// fill puts the values into a path or a body.
func (i ids) fill(s string) string {
	for k, v := range i {
		s = strings.ReplaceAll(s, "{"+k+"}", v)
	}
	return s
}

// with returns the ids with another value of one.
func (i ids) with(name, value string) ids {
	out := maps.Clone(i)
	out[name] = value
	return out
}

// operation is one of the served document.
type operation struct {
	name, method, path, role, permission string
	row
	// names are its path parameters, or those of its query.
	names []string
}

// matrix sends every operation for every caller to a running server and judges the answers.
type matrix struct {
	t        *testing.T
	s        *sitetest.Site
	root     string
	actors   map[string]testAccount
	stranger testAccount
	ops      []operation
	cache    map[string]ids
	n, cells int
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{t: t, s: sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false"}), cache: map[string]ids{}}
	m.root = m.s.AdminToken()
	m.actors = map[string]testAccount{"anonymous": {role: "anonymous"}}
	for _, role := range roles[1:] {
		m.actors[role] = m.newAccount(role)
	}
	m.stranger = m.newAccount("instructor")
	m.ops = m.listOperations()
	return m
}

func (m *matrix) newName() string { m.n++; return fmt.Sprint("matrix-", m.n) }

func (m *matrix) newAccount(role string) testAccount {
	email, id, token := m.s.NewAccount(m.newName())
	if role != "user" {
		m.s.SetRole(m.root, id, role)
	}
	return testAccount{role, id, email, token}
}

// asInstructor runs do while an account is an instructor at least. What it creates stays its own.
func (m *matrix) asInstructor(a testAccount, do func()) {
	if rankOf(a.role) >= rankOf("instructor") {
		do()
		return
	}
	m.s.SetRole(m.root, a.id, "instructor")
	do()
	m.s.SetRole(m.root, a.id, a.role)
}

var pathParameter = regexp.MustCompile(`\{([a-z_]+)\}`)

// listOperations reads the document. An operation without a row fails the test, and so does a row without one.
func (m *matrix) listOperations() (out []operation) {
	var doc struct {
		Paths map[string]map[string]struct {
			Permission string `json:"x-permission"`
			Role       string `json:"x-role"`
		} `json:"paths"`
	}
	require.NoError(m.t, json.Unmarshal(m.s.Want(200, "GET", "/openapi.json", "", nil).Raw, &doc))
	rows := maps.Clone(table)
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			o := operation{
				method: strings.ToUpper(method), path: path, role: doc.Paths[path][method].Role,
				permission: doc.Paths[path][method].Permission,
			}
			o.name = o.method + " " + path
			r, there := rows[o.name]
			require.True(m.t, there, "%s has no row in the matrix: say there which role may send it", o.name)
			require.Contains(m.t, roles, o.role, o.name)
			require.NotEmpty(m.t, o.permission, o.name)
			delete(rows, o.name)
			o.row = r
			for _, found := range pathParameter.FindAllStringSubmatch(path+r.query, -1) {
				o.names = append(o.names, found[1])
			}
			out = append(out, o)
		}
	}
	require.Empty(m.t, slices.Sorted(maps.Keys(rows)), "rows whose operation is gone")
	return out
}

// objectFor returns the ids of an object of a kind. It creates one for each owner and caller, and a new one if
// the test consumes it.
func (m *matrix) objectFor(kind string, owner, caller testAccount, fresh bool) ids {
	if kind == "" {
		return ids{}
	}
	key := kind + owner.id + caller.id
	if made, ok := m.cache[key]; ok && !fresh {
		return made
	}
	require.Contains(m.t, makers, kind)
	made := makers[kind](m, owner, caller)
	if !fresh {
		m.cache[key] = made
	}
	return made
}

func (m *matrix) send(o operation, who testAccount, with ids) sitetest.Answer {
	m.cells++
	if o.media != "" {
		return m.s.Call(o.method, with.fill(o.path+o.query), who.token, o.bodyOf(with),
			sitetest.Header{"Content-Type": o.media})
	}
	return m.s.Call(o.method, with.fill(o.path+o.query), who.token, o.bodyOf(with))
}

func (o operation) bodyOf(with ids) any {
	if o.body == "" {
		return nil
	}
	return with.fill(o.body)
}

// wantedFor returns the statuses that a row allows for a role.
func (o operation) wantedFor(words, role string) string {
	w := strings.Fields(words)[rankOf(role)]
	if w == "ok" {
		return o.ok
	}
	return w
}

var codes = map[int]string{401: "unauthenticated", 403: "forbidden", 404: "not-found"}

// findFault returns what is wrong with an answer, or "". The answer must have one of the wanted statuses, and
// refusals of access have one code each.
func findFault(want string, a sitetest.Answer) string {
	if !slices.Contains(strings.Fields(want), fmt.Sprint(a.Status)) {
		return fmt.Sprintf("want %s, got %d: %s", want, a.Status, a.Raw)
	}
	if code := codes[a.Status]; code != "" && a.Text("code") != code {
		return fmt.Sprintf("want the code %s, got %s", code, a.Raw)
	}
	return ""
}

var perRequest = regexp.MustCompile(`"(request_id|instance)":"(\\.|[^"\\])*"`)

// isSameAnswer returns whether two answers are the same except for request_id and instance.
func isSameAnswer(a, b sitetest.Answer) bool {
	plain := func(a sitetest.Answer) (string, http.Header) {
		h := a.Header.Clone()
		for _, k := range []string{"X-Request-Id", "Date", "Content-Length"} {
			h.Del(k)
		}
		return perRequest.ReplaceAllString(string(a.Raw), ""), h
	}
	rawA, headA := plain(a)
	rawB, headB := plain(b)
	return a.Status == b.Status && rawA == rawB && maps.EqualFunc(headA, headB, slices.Equal[[]string])
}

func (m *matrix) checkAnswer(o operation, who testAccount, what, want string, a sitetest.Answer) {
	m.t.Helper()
	if fault := findFault(want, a); fault != "" {
		m.t.Errorf("%s (%s) by %s, %s: %s", o.name, o.permission, who.role, what, fault)
	}
}

func (m *matrix) checkSameAnswer(o operation, who testAccount, what string, a, b sitetest.Answer) {
	m.t.Helper()
	if !isSameAnswer(a, b) {
		m.t.Errorf("%s by %s, %s can be told apart:\n%v %s\n%v %s", o.name, who.role, what, a.Header, a.Raw,
			b.Header, b.Raw)
	}
}

const unknownID = sitetest.UnknownID

// checkRefusals: whoever lacks the role gets one and the same answer, whatever they ask for.
func (m *matrix) checkRefusals(o operation, who testAccount) {
	want := "403"
	owner := who
	if who.id == "" {
		want, owner = "401", m.stranger
	}
	own := ids{}
	if len(o.names) > 0 {
		own = m.objectFor(o.with, owner, who, false)
	}
	first := m.send(o, who, own)
	m.checkAnswer(o, who, "own", want, first)
	check := func(what string, a sitetest.Answer) {
		m.checkAnswer(o, who, what, want, a)
		m.checkSameAnswer(o, who, "own and "+what, first, a)
	}
	for kind := range o.foreign {
		check("a stranger's "+kind, m.send(o, who, m.objectFor(kind, m.stranger, who, false)))
	}
	for _, name := range o.names {
		check("missing", m.send(o, who, own.with(name, unknownID)))
		check("malformed", m.send(o, who, own.with(name, "nonsense")))
	}
	if o.method != http.MethodGet {
		for _, broken := range []string{`{"broken`, `{"unheard_of":1}`, "null"} {
			m.cells++
			check("a body that is "+broken, m.s.Call(o.method, own.fill(o.path), who.token, broken))
		}
		return
	}
	m.cells++
	head := m.s.Call(http.MethodHead, own.fill(o.path+o.query), who.token, nil)
	if fmt.Sprint(head.Status) != want {
		m.t.Errorf("HEAD of %s by %s: want %s, got %d", o.name, who.role, want, head.Status)
	}
}

// checkObjects: whoever has the role gets what the object's row says.
func (m *matrix) checkObjects(o operation, who testAccount) {
	if o.alone && who.id != "" {
		who = m.newAccount(who.role)
	}
	missing := m.checkMissing(o, who)
	for kind, words := range o.foreign {
		want := o.wantedFor(words, who.role)
		a := m.send(o, who, m.objectFor(kind, m.stranger, who, o.spends))
		m.checkAnswer(o, who, "a stranger's "+kind, want, a)
		// A1: what they may not know of is not there.
		if a.Status >= 400 && a.Status == missing.Status {
			m.checkSameAnswer(o, who, "missing and a stranger's "+kind, missing, a)
		}
	}
	if who.id == "" && len(o.names) > 0 {
		return // nobody owns nothing
	}
	m.checkAnswer(o, who, "own", o.ok, m.send(o, who, m.objectFor(o.with, who, who, o.spends)))
}

// checkMissing asks with ids that are none, and gives the answer to a wrong outer one.
func (m *matrix) checkMissing(o operation, who testAccount) (outer sitetest.Answer) {
	if len(o.names) == 0 {
		return sitetest.Answer{}
	}
	owner := who
	if who.id == "" {
		owner = m.stranger
	}
	own, want := m.objectFor(o.with, owner, who, false), "404"
	if o.row.missing != "" {
		want = o.wantedFor(o.row.missing, who.role)
	}
	for i, name := range o.names {
		unknown, malformed := m.send(o, who, own.with(name, unknownID)), m.send(o, who, own.with(name, "nonsense"))
		if i == 0 {
			outer = unknown
		} else if who.id == "" {
			continue // the outer one is a stranger's already
		} else if o.row.inner != "" {
			want = o.row.inner
		}
		m.checkAnswer(o, who, "missing "+name, want, unknown)
		m.checkSameAnswer(o, who, "missing and malformed "+name, unknown, malformed)
	}
	return outer
}

// A1: every operation of the served document, for every caller, on own, foreign and missing objects.
func TestA1PermissionMatrix(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	said := readDocument(t, m.s)
	m.s.OnAnswer = said.hear
	for _, r := range m.s.Running.Parts.Server.ListRoutes() {
		require.True(t, !r.Hidden || r.Who == "anonymous",
			"%s %s is hidden from the document and so from the matrix", r.Method, r.Path)
	}
	for _, o := range m.ops {
		for kind, words := range o.foreign {
			w := strings.Fields(words)
			require.Len(t, w, len(roles), "%s, %s", o.name, kind)
			for i := range w {
				require.Equal(t, i < rankOf(o.role), w[i] == "-", "%s, %s: - is for those below %s", o.name, kind, o.role)
			}
		}
		for _, role := range roles {
			if rankOf(role) < rankOf(o.role) {
				m.checkRefusals(o, m.actors[role])
			} else {
				m.checkObjects(o, m.actors[role])
			}
		}
		m.checkForgedTokens(o)
	}
	said.verify()
	t.Logf("the matrix: %d operations, %d cells", len(m.ops), m.cells)
}

// checkForgedTokens: a bad token is refused wherever a token is looked at, for anonymous callers' operations too.
func (m *matrix) checkForgedTokens(o operation) {
	if o.permission == "public" {
		return
	}
	a := m.send(o, testAccount{role: "forged", token: "x.y.z"}, ids{"id": unknownID, "slug": "hq"})
	if a.Status != 401 || a.Text("code") != "invalid-token" {
		m.t.Errorf("%s by a forged token: %d %s", o.name, a.Status, a.Raw)
	}
}

// A2: an inner id holds only within its own outer object, though both are the caller's.
func TestA2NestedIdsBelongTogether(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	seen := 0
	for _, o := range m.ops {
		if len(o.names) < 2 || apart[o.name] != "" {
			continue
		}
		seen++
		inner := o.names[1]
		for _, role := range roles[max(1, rankOf(o.role)):] {
			who := m.actors[role]
			a, b := m.objectFor(o.with, who, who, true), m.objectFor(o.with, who, who, true)
			gone := m.send(o, who, a.with(inner, unknownID))
			for what, other := range map[string]ids{"own": b, "a stranger's": m.objectFor(o.with, m.stranger, who, false)} {
				mixed := m.send(o, who, a.with(inner, other[inner]))
				m.checkAnswer(o, who, "inner id of "+what+" other object", "404", mixed)
				m.checkSameAnswer(o, who, "missing and another object's", gone, mixed)
			}
			m.checkAnswer(o, who, "both of one", o.ok, m.send(o, who, b))
		}
	}
	require.GreaterOrEqual(t, seen, 8)
	// The same for lists of ids.
	own := m.actors["instructor"]
	a, b := m.objectFor("draft course", own, own, true), m.objectFor("draft course", own, own, true)
	for _, list := range [][]string{{b["lesson_id"]}, {a["lesson_id"], b["lesson_id"]}} {
		m.s.WantProblem(422, "validation-failed", "PUT", "/courses/"+a["id"]+"/lessons/order", own.token,
			map[string]any{"lesson_ids": list})
	}
}

// A3: learners call every operation of instructors and administrators, and instructors those of
// administrators: all are refused, also on what they own, and nothing has happened.
func TestA3EveryManagingVerbNeedsItsRole(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	refuse := func() (n int) {
		for _, o := range m.ops {
			for _, role := range roles[1:] {
				if rankOf(o.role) >= rankOf("instructor") && rankOf(role) < rankOf(o.role) {
					m.checkRefusals(o, m.actors[role])
					n++
				}
			}
		}
		return n
	}
	require.Greater(t, refuse(), 40) // makes the objects
	newest := func() string {
		return fmt.Sprint(m.s.Want(200, "GET", "/admin/audit-logs?limit=1", m.root, nil).Get("items.0.seq"))
	}
	before := newest()
	refuse()
	require.Equal(t, before, newest(), "a refused request has changed something")
}

// Planted: what the matrix must not let pass.
func TestTheMatrixFindsPlantedFaults(t *testing.T) {
	told := func(status int, body string) sitetest.Answer {
		a := sitetest.Answer{Status: status, Raw: []byte(body), Header: http.Header{}}
		require.NoError(t, json.Unmarshal(a.Raw, &a.JSON))
		return a
	}
	missing := told(404, `{"code":"not-found","detail":"No such course.","instance":"/courses/a","request_id":"1"}`)
	require.Empty(t, findFault("404", missing))
	require.Empty(t, findFault("200 201", told(201, `{}`)))
	for want, a := range map[string]sitetest.Answer{
		"404": told(200, `{}`),
		"401": told(403, `{"code":"forbidden"}`),
		"403": told(403, `{"code":"account-disabled"}`),
		"204": missing,
		"-":   told(200, `{}`),
	} {
		require.NotEmpty(t, findFault(want, a), want)
	}
	require.True(t,
		isSameAnswer(missing,
			told(404, `{"code":"not-found","detail":"No such course.","instance":"/courses/\"b","request_id":"2"}`)))
	require.False(t,
		isSameAnswer(missing,
			told(404, `{"code":"not-found","detail":"Not your course.","instance":"/courses/b","request_id":"2"}`)))
	other := missing
	other.Header = http.Header{"Etag": {`"1"`}}
	require.False(t, isSameAnswer(missing, other))
}
