package main

import (
	"encoding/base64"
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
	"lyceum/modules/audit/auditapi"
)

// deed says what an operation that changes something writes into the log, and performs it.
type deed struct {
	// writes are the actions that its calls write, all of them and no others.
	writes string
	// because is why there is none, for an operation that is not audited.
	because string
	// do performs the operation for real, as often as it takes to see all that it can write. Calls of other
	// operations make what it needs.
	do func(w *walk)
}

// noted is an entry of the log, as far as it is judged; of is its request.
type noted struct {
	seq                                         float64
	action, actor, targetType, targetID, ip, of string
}

// heard is a call that was made.
type heard struct {
	// operation is the one whose row is walked, or empty: then the call only made what that needs.
	operation string
	// caller is whose token was sent. about is whose account an anonymous call acts for, where it proves that.
	caller, about string
	// quiet calls write nothing, whatever their operation; see quietly.
	quiet bool
}

// walk performs every operation that changes something on a running server and judges the log after each.
type walk struct {
	*sitetest.Site
	t    *testing.T
	root testAccount
	n    int
	// Of the row that is walked: its operation, whom anonymous calls act for, whether calls are quiet, and whether
	// the operation has succeeded.
	operation, about string
	quiet, succeeded bool
	// calls are all that were made, by the id of their request; secrets what must not stand in the log.
	calls   map[string]heard
	secrets map[string]bool
}

func newWalk(t *testing.T, s *sitetest.Site) *walk {
	t.Helper()
	w := &walk{Site: s, t: t, calls: map[string]heard{}, secrets: map[string]bool{}}
	s.OnAnswer = w.hear
	w.root = testAccount{role: "admin", token: s.AdminToken()}
	w.root.id = subject(w.root.token)
	return w
}

// word gives a text that nothing else has: where it turns up, it was taken from there.
func (w *walk) word(kind string) string {
	w.n++
	word := fmt.Sprintf("canary-%s-%d", kind, w.n)
	w.secrets[word] = true
	return word
}

// account makes one; nobody else is signed in to it.
func (w *walk) account(role string) testAccount {
	w.t.Helper()
	email, id, token := w.NewAccount(w.word("person"))
	if role != "user" {
		w.SetRole(w.root.token, id, role)
	}
	return testAccount{role, id, email, token}
}

// of says for whose account the next anonymous calls act.
func (w *walk) of(id string) { w.about = id }

// quietly makes calls that change nothing, or nothing that is audited: they must write nothing, whatever else their
// operation writes.
func (w *walk) quietly(calls func()) {
	w.quiet = true
	calls()
	w.quiet = false
}

// hear keeps what is needed to judge the entry of a call, and whatever must not stand in it.
func (w *walk) hear(method, path, token string, body any, a sitetest.Answer) {
	if strings.HasSuffix(path, "/openapi.json") {
		return // its url says where the server is
	}
	c := heard{caller: subject(token), about: w.about, quiet: w.quiet}
	if isOf(w.operation, method, strings.TrimPrefix(path, w.URL)) {
		c.operation = w.operation
		w.succeeded = w.succeeded || a.Status < 300
	}
	if id := a.Text("user.id"); id != "" {
		c.about = id
	}
	if id := a.Header.Get("X-Request-Id"); id != "" { // the object store's answers have none
		w.calls[id] = c
	}
	w.keep("", sent(body))
	if a.Status >= 400 {
		w.keep("challenge", a.JSON["challenge"])
		return
	}
	w.keep("", a.JSON)
}

// sent is a body as JSON has it; what is no JSON is nothing.
func sent(body any) (v any) {
	raw, isText := body.(string)
	if !isText {
		encoded, _ := json.Marshal(body)
		raw = string(encoded)
	}
	_ = json.Unmarshal([]byte(raw), &v)
	return v
}

// secretFields hold what must never stand in the log; texts of users are words of the walk, see word.
var secretFields = []string{
	"email", "password", "current_password", "new_password", "access_token", "refresh_token", "token", "code",
	"challenge",
	"secret", "otpauth_url", "recovery_codes", "ticket", "url",
}

func (w *walk) keep(field string, v any) {
	switch x := v.(type) {
	case map[string]any:
		for name, inner := range x {
			w.keep(name, inner)
		}
	case []any:
		for _, inner := range x {
			w.keep(field, inner)
		}
	case string:
		if slices.Contains(secretFields, field) {
			require.GreaterOrEqual(w.t, len(x), 6, "the %s %q might stand in the log by chance: take a longer one",
				field, x)
			w.secrets[x] = true
		}
	}
}

// subject is whose access token it is.
func subject(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Sub string `json:"sub"`
	}
	_ = json.Unmarshal(raw, &claims)
	return claims.Sub
}

// isOf says whether a request is one of an operation, such as "GET /courses/{id}".
func isOf(operation, method, path string) bool {
	path, _, _ = strings.Cut(path, "?")
	want, pattern, _ := strings.Cut(operation, " ")
	return method == want && regexp.MustCompile("^"+pathParameter.ReplaceAllString(pattern, "[^/]+")+"$").MatchString(path)
}

// since reads the entries behind a seq, the newest first.
func (w *walk) since(seq float64) (out []noted) {
	w.t.Helper()
	for cursor := ""; ; {
		page := w.Want(200, "GET", "/admin/audit-logs?limit=100"+cursor, w.root.token, nil)
		for i := range page.Items() {
			e := sitetest.Answer{JSON: page.Items()[i].(map[string]any)}
			if e.Get("seq").(float64) <= seq {
				return out
			}
			out = append(out,
				noted{
					e.Get("seq").(float64), e.Text("action"), e.Text("actor.id"), e.Text("target.type"),
					e.Text("target.id"), e.Text("ip"), e.Text("request_id"),
				})
		}
		if page.Get("next_cursor") == nil {
			return out
		}
		cursor = "&cursor=" + page.Text("next_cursor")
	}
}

// operations are those of the document, and those that are hidden from it.
func (w *walk) operations() (out []string) {
	var doc struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	require.NoError(w.t, json.Unmarshal(w.Want(200, "GET", "/openapi.json", "", nil).Raw, &doc))
	for path, methods := range doc.Paths {
		for method := range methods {
			out = append(out, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range w.Running.Parts.Server.ListRoutes() {
		if r.Hidden {
			out = append(out, r.Method+" "+r.Path)
		}
	}
	return out
}

// row performs an operation and says what is wrong with what that wrote.
func (w *walk) row(operation string, d deed) (faults []string) {
	w.t.Helper()
	before, _ := w.Want(200, "GET", "/admin/audit-logs?limit=1", w.root.token, nil).Get("items.0.seq").(float64)
	w.operation, w.about, w.succeeded = operation, "", false
	d.do(w)
	w.operation = ""
	if !w.succeeded {
		faults = append(faults, "was not performed")
	}
	return append(faults, judge(operation, d, w.since(before), w.calls)...)
}

// judge says what is wrong with the entries since a row began. Entries of calls that only made what the row
// needs are judged in the rows of their own operations.
func judge(operation string, d deed, found []noted, calls map[string]heard) (faults []string) {
	if (d.writes == "") == (d.because == "") {
		faults = append(faults, "must say either what it writes or why nothing")
	}
	written := map[string]bool{}
	for _, e := range found {
		c, known := calls[e.of]
		switch {
		case !known:
			faults = append(faults, "beside it nobody's request wrote "+e.action)
		case c.quiet:
			faults = append(faults, "wrote "+e.action+" where it must write nothing")
		case c.operation == operation:
			written[e.action] = true
			faults = append(faults, faultsOf(e, c)...)
		}
	}
	if want, got := slices.Sorted(slices.Values(strings.Fields(d.writes))), slices.Sorted(maps.Keys(written)); !slices.Equal(want,
		got) {
		faults = append(faults, fmt.Sprintf("must write %v, wrote %v", want, got))
	}
	return faults
}

// faultsOf says what is wrong with an entry of a call.
func faultsOf(e noted, c heard) (faults []string) {
	if !slices.Contains(strings.Fields(targets[e.action]), e.targetType) {
		faults = append(faults, fmt.Sprintf("%s has the target type %q", e.action, e.targetType))
	}
	actor := c.about
	switch {
	case c.caller != "":
		actor = c.caller
	case e.action == "user.registered":
		actor = e.targetID // the new account itself
	case e.action == "auth.reset_requested":
		actor = "" // whoever asks proves nothing
	}
	if e.actor != actor {
		faults = append(faults, fmt.Sprintf("%s names the actor %q, not %q", e.action, e.actor, actor))
	}
	// Whoever tried an unknown address or code has aimed at nothing that there is, and there is one log.
	if e.targetID == "" && !slices.Contains([]string{"auth.login_failed", "invite.redeem_failed", "audit.exported"},
		e.action) {
		faults = append(faults, e.action+" names no target")
	}
	if e.ip == "" {
		faults = append(faults, e.action+" names no address")
	}
	return faults
}

// unmatched lists operations that change something and have no row, and rows without an operation. A GET needs none.
func unmatched(operations []string, rows map[string]deed) (faults []string) {
	for _, o := range operations {
		if _, there := rows[o]; !there && !strings.HasPrefix(o, http.MethodGet) && !strings.HasPrefix(o, http.MethodHead) {
			faults = append(faults, o+" has no row: say there what it writes into the audit log, or why nothing")
		}
	}
	for o := range rows {
		if !slices.Contains(operations, o) {
			faults = append(faults, o+" has a row, but is gone")
		}
	}
	return faults
}

// leaked lists those secrets that stand in a text, in whatever case. Digits alone must stand there as a word: a
// one-time code may well be a part of a hash.
func leaked(text string, secrets map[string]bool) (found []string) {
	text = strings.ToLower(text)
	for s := range secrets {
		needle := strings.ToLower(s)
		stands := strings.Contains(text, needle)
		if strings.Trim(s, "0123456789") == "" {
			stands = regexp.MustCompile(`\b` + s + `\b`).MatchString(text)
		}
		if stands {
			found = append(found, s)
		}
	}
	return found
}

// stored is all that the log holds, as it is stored: what is answered has addresses that are looked up when read.
func (w *walk) stored() string {
	w.t.Helper()
	rows, err := w.Running.Parts.DB.Pool().QueryContext(w.t.Context(), "SELECT * FROM audit_entries ORDER BY seq")
	require.NoError(w.t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(w.t, err)
	var out strings.Builder
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(w.t, rows.Scan(into...))
		for _, v := range values {
			if raw, isRaw := v.([]byte); isRaw {
				v = string(raw)
			}
			fmt.Fprintln(&out, v)
		}
	}
	require.NoError(w.t, rows.Err())
	return out.String()
}

// L1, L2: every operation that changes something writes exactly its entries, or has a reason for none; all entries
// hold together, and no secret and no text of users is in them.
func TestEveryChangeHasItsEntryOrAReason(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		w := newWalk(t, s)
		rows := maps.Clone(deeds)
		if s.Config.S3.Endpoint != "" {
			delete(rows, "PUT /objects/{id}") // the store's own there
		}
		require.Empty(t, unmatched(w.operations(), rows))
		writing := 0
		for _, operation := range slices.Sorted(maps.Keys(rows)) {
			if rows[operation].writes != "" {
				writing++
			}
			for _, fault := range w.row(operation, rows[operation]) {
				t.Errorf("%s: %s", operation, fault)
			}
		}
		all, seen := w.since(0), map[string]bool{}
		for _, e := range all {
			seen[e.action] = true
			if !slices.Contains(strings.Fields(targets[e.action]), e.targetType) {
				t.Errorf("entry %v: %q with the target type %q is not in the list", e.seq, e.action, e.targetType)
			}
			if w.calls[e.of].quiet { // also what came late
				t.Errorf("entry %v: %s was written where nothing must be", e.seq, e.action)
			}
			if e.of == "" && e.actor != "" { // the first administrator and the demo, made at the start
				t.Errorf("entry %v: %s names the actor %s, but nobody was signed in", e.seq, e.action, e.actor)
			}
		}
		seen["audit.break_accepted"] = true // a command's, for a log that does not hold: see TestABrokenEndOfTheLogStaysMarked
		require.Equal(t, slices.Sorted(maps.Keys(targets)), slices.Sorted(maps.Keys(seen)), "the actions that were written")
		require.ElementsMatch(t, declaredActions(t), slices.Collect(maps.Keys(targets)), "the actions that may be written")
		verdict := w.Want(200, "GET", "/admin/audit-logs/verify", w.root.token, nil)
		require.Equal(t, []any{true, float64(len(all)), nil},
			[]any{verdict.Get("ok"), verdict.Get("entries"), verdict.Get("first_bad_seq")})
		require.Greater(t, len(w.secrets), 300)
		require.Empty(t, leaked(w.stored(), w.secrets), "secrets and texts of users that the log holds")
		t.Logf("the walk: %d operations, %d with entries, %d with a reason; %d entries, %d secrets", len(rows),
			writing, len(rows)-writing, len(all), len(w.secrets))
	})
}

// Planted: what the walk must not let pass.
func TestTheAuditWalkFindsPlantedFaults(t *testing.T) {
	rows := map[string]deed{"POST /courses": {writes: "course.created"}, "GET /users/me/export": {writes: "user.exported"}}
	require.Empty(t, unmatched([]string{"POST /courses", "GET /courses", "GET /users/me/export"}, rows))
	require.Len(t, unmatched([]string{"POST /courses", "GET /users/me/export", "DELETE /courses/{id}"}, rows), 1,
		"an operation without a row")
	require.Len(t, unmatched([]string{"GET /users/me/export"}, rows), 1, "a row without an operation")

	const op = "POST /courses"
	calls := map[string]heard{
		"r1": {operation: op, caller: "u1"}, "r2": {operation: op, caller: "u1", quiet: true},
		"r3": {caller: "u1"},
	}
	entry := func(change func(*noted)) []noted {
		e := noted{1, "course.created", "u1", "course", "c1", "127.0.0.1", "r1"}
		change(&e)
		return []noted{e}
	}
	sound := entry(func(*noted) {})
	creates, silent := deed{writes: "course.created"}, deed{because: "it does nothing"}
	require.Empty(t, judge(op, creates, sound, calls))
	require.Empty(t, judge(op, silent, entry(func(e *noted) { e.of = "r3" }), calls), "what was made for it")
	for what, found := range map[string][]noted{
		"an action that is missing":   nil,
		"another action":              entry(func(e *noted) { e.action = "course.updated" }),
		"an action of no list":        entry(func(e *noted) { e.action = "course.painted" }),
		"one more action":             append(entry(func(e *noted) { e.action = "course.updated" }), sound...),
		"another actor":               entry(func(e *noted) { e.actor = "u2" }),
		"no actor":                    entry(func(e *noted) { e.actor = "" }),
		"another target type":         entry(func(e *noted) { e.targetType = "lesson" }),
		"no target":                   entry(func(e *noted) { e.targetID = "" }),
		"no address":                  entry(func(e *noted) { e.ip = "" }),
		"another request":             append(entry(func(e *noted) { e.of = "r4" }), sound...),
		"no request":                  append(entry(func(e *noted) { e.of = "" }), sound...),
		"an entry where all was done": append(entry(func(e *noted) { e.of = "r2" }), sound...),
	} {
		require.NotEmpty(t, judge(op, creates, found, calls), what)
	}
	require.NotEmpty(t, judge(op, silent, sound, calls), "a reason for no entry, and an entry")
	require.NotEmpty(t, judge(op, deed{}, nil, calls), "neither entry nor reason")

	secrets := map[string]bool{"Canary-Title-1": true, "123456": true}
	require.Empty(t, leaked(`{"fields":["title"]} 9f123456a7 1764277672123456`, secrets))
	require.Len(t, leaked(`{"title":"canary-title-1","code":"123456"}`, secrets), 2)
	require.True(t, isOf("DELETE /courses/{id}", "DELETE", "/courses/1?x=/y"))
	require.False(t, isOf("DELETE /courses/{id}", "DELETE", "/courses/1/enrollment"))
}

// HEAD takes the values that the declarations give to the parameters of GET.
func TestHeadRefusesWhatGetRefuses(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	for _, method := range []string{"GET", "HEAD"} {
		s.Want(200, method, "/admin/audit-logs?target_type=user", admin, nil)
		s.Want(422, method, "/admin/audit-logs?target_type=nothing", admin, nil)
	}
}

// declaredActions returns the names of all audit actions that modules declare.
func declaredActions(t *testing.T) []string {
	t.Helper()
	var actions *auditapi.Actions
	require.NoError(t, built(t, embeddedConfig(t, nil), modules, &actions))
	for _, a := range actions.List() {
		require.ElementsMatch(t, strings.Fields(targets[a.Name]), a.Targets, "%s", a.Name)
	}
	return actions.Names()
}
