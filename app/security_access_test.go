package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
)

// validRequest is an operation with all that a valid request of it needs.
type validRequest struct {
	operation
	who  testAccount
	with ids
}

// listValidRequests returns all operations that take JSON or no body, each with the lowest role that may send
// it. All that they need exists, so a changed request that is let through leaves an audit entry.
func (m *matrix) listValidRequests() (out []validRequest) {
	for _, o := range m.ops {
		if o.method == http.MethodGet || o.body != "" && !strings.HasPrefix(o.body, "{") {
			continue
		}
		who := m.actors[o.role]
		if o.alone {
			who = m.newAccount(o.role)
		}
		owner := who
		if who.id == "" {
			owner = m.stranger
		}
		out = append(out, validRequest{o, who, m.objectFor(o.with, owner, who, false)})
	}
	require.Greater(m.t, len(out), 40)
	return out
}

func (m *matrix) sendChanged(w validRequest, body any, headers ...sitetest.Header) sitetest.Answer {
	m.t.Helper()
	return m.s.Call(w.method, w.with.fill(w.path), w.who.token, body, headers...)
}

// newestEntry numbers the newest audit entry: every change leaves one.
func (m *matrix) newestEntry() any {
	m.t.Helper()
	return m.s.NewestEntry(m.root)
}

// serverFields are fields that only the server sets.
var serverFields = map[string]any{
	"id":             unknownID,
	"role":           "admin",
	"roles":          []string{"admin"},
	"is_admin":       true,
	"owner_id":       unknownID,
	"owner":          map[string]string{"id": unknownID},
	"user_id":        unknownID,
	"author_id":      unknownID,
	"uploader_id":    unknownID,
	"actor_id":       unknownID,
	"email_verified": true,
	"verified":       true,
	"status":         "active",
	"created_at":     "2001-01-01T00:00:00.000Z",
	"updated_at":     "2001-01-01T00:00:00.000Z",
	"published_at":   "2001-01-01T00:00:00.000Z",
	"completed":      true,
	"completed_at":   "2001-01-01T00:00:00.000Z",
	"uses":           0,
	"seq":            1,
	"version":        1,
	"lesson_count":   99,
	"position":       1,
	"content_html":   "<b>raw</b>", "password_hash": "x", "code_hash": "x",
}

// takenServerFields are those that an operation takes by its documentation.
var takenServerFields = map[string][]string{
	"PATCH /admin/users/{id}": {"role", "status"}, "POST /courses": {"status"}, "PATCH /courses/{id}": {"status"},
}

func TestA4NothingIsAssignedThatTheServerSets(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	all := m.listValidRequests()
	before := m.newestEntry()
	for _, w := range all {
		valid := map[string]any{}
		if w.body != "" {
			require.NoError(t, json.Unmarshal([]byte(w.with.fill(w.body)), &valid), w.name)
		}
		for field, value := range serverFields {
			if slices.Contains(takenServerFields[w.name], field) {
				continue
			}
			body := maps.Clone(valid)
			body[field] = value
			if a := m.sendChanged(w, body); a.Status != 422 || a.Text("code") != "validation-failed" {
				t.Errorf("%s by %s takes %s: %d %s", w.name, w.who.role, field, a.Status, a.Raw)
			}
		}
	}
	require.Equal(t, before, m.newestEntry(), "a refused request has changed something")

	m.assignDeeper()
	m.assignOwner()
}

// assignDeeper sends what lies deeper in a body, and what belongs to accounts.
func (m *matrix) assignDeeper() {
	m.t.Helper()
	s, user := m.s, m.actors["user"]
	for _, c := range []struct{ method, path, body string }{
		{
			"PUT", "/notifications/preferences",
			`{"items":[{"kind":"mention","in_app":false,"email":false,"user_id":"` + m.stranger.id + `"}]}`,
		},
		{"PATCH", "/users/me", `{"email":"another@example.com"}`},
		{"PATCH", "/users/me", `{"password":"another fine horse"}`},
		{"PATCH", "/users/me", `{"display_name":"x","user":{"role":"admin"}}`},
		{"POST", "/channels/hq/messages", `{"body":"x","user":{"id":"` + m.stranger.id + `"}}`},
		{"POST", "/channels/hq/messages", `{"body":"x","channel":"another"}`},
	} {
		s.WantProblem(422, "validation-failed", c.method, c.path, user.token, c.body)
	}
	s.WantProblem(422, "validation-failed", "PATCH", "/admin/users/"+user.id, m.root, `{"email_verified":true}`)
	me := s.Want(200, "GET", "/users/me", user.token, nil)
	require.Equal(m.t, []any{user.email, "user", false}, []any{me.Get("email"), me.Get("role"), me.Get("email_verified")})
}

// assignOwner names somebody else as the owner of a course, in the query, and as the author of a message, in a
// frame: both are the caller's.
func (m *matrix) assignOwner() {
	m.t.Helper()
	s, user := m.s, m.actors["user"]
	own := m.actors["instructor"]
	made := s.Want(201, "POST", "/courses?owner_id="+m.stranger.id+"&owner="+m.stranger.id+"&status=published",
		own.token, `{"title":"Mine"}`)
	require.Equal(m.t, []any{own.id, "draft"}, []any{made.Get("owner.id"), made.Get("status")})
	c := s.Dial("/ws/channels/hq?token="+user.token, nil)
	last := c.Until("welcome")["last_seq"].(float64)
	c.Send(map[string]any{
		"type": "message", "body": "one", "client_id": "a4", "seq": 999, "id": unknownID,
		"user": map[string]string{"id": m.stranger.id}, "created_at": "2001-01-01T00:00:00Z",
	})
	c.Send(map[string]any{"type": "message", "body": "two", "client_id": "a4-2"})
	require.EqualValues(m.t, "a4-2", readUntilAcknowledged(c, "a4-2")["client_id"])
	for _, item := range s.Want(200, "GET", fmt.Sprintf("/channels/hq/messages?after_seq=%.0f", last), user.token,
		nil).Items() {
		said := item.(map[string]any)
		require.Equal(m.t, user.id, said["user"].(map[string]any)["id"])
		require.NotEqual(m.t, unknownID, said["id"])
		require.LessOrEqual(m.t, said["seq"], last+2)
		require.NotContains(m.t, said["created_at"], "2001")
	}
}

// readUntilAll reads until a frame of each type has come, in any order, and returns all frames.
func readUntilAll(c *sitetest.Socket, kinds ...string) (frames []any) {
	c.T.Helper()
	require.NoError(c.T, c.Conn.SetReadDeadline(time.Now().Add(20*time.Second)))
	for len(kinds) > 0 {
		var frame map[string]any
		require.NoError(c.T, c.Conn.ReadJSON(&frame), "waiting for %v", kinds)
		frames = append(frames, frame)
		kinds = slices.DeleteFunc(kinds, func(k string) bool { return k == frame["type"] })
	}
	return frames
}

// readUntilAcknowledged reads until one message is acknowledged.
func readUntilAcknowledged(c *sitetest.Socket, clientID string) map[string]any {
	c.T.Helper()
	for {
		if ack := c.Until("ack"); ack["client_id"] == clientID {
			return ack
		}
	}
}

// Fields of the contract's answers; what an answer holds beside them is a leak until it stands there.
const (
	courseFields  = "id slug title summary visibility status tags cover_key owner lesson_count created_at updated_at published_at progress deleted_at"
	outlineFields = "id course_id position title asset_key duration_seconds captions created_at updated_at locked locked_by available_at prerequisite_ids available_from available_after_days"
)

var shapes = map[string]string{
	"GET /users/me":      "id email display_name role email_verified created_at",
	"GET /auth/sessions": "id created_at last_used_at ip user_agent current",
	"GET /courses":       courseFields, "GET /courses/{id}": courseFields + " description lessons",
	"GET /courses/{id}/lessons":              outlineFields,
	"GET /courses/{id}/lessons/{lesson_id}":  outlineFields + " content content_html",
	"GET /courses/{id}/progress":             "course_id percent completed_lessons total_lessons completed_at lessons",
	"GET /users/me/progress":                 "course_id slug title percent completed_lessons total_lessons completed_at last_activity_at",
	"GET /users/me/enrollments":              "course percent enrolled_at",
	"GET /storage/sign":                      "key url method expires_at",
	"GET /storage/assets":                    "id key content_type size status uploader used_by created_at",
	"GET /channels":                          "slug title visibility course_id last_seq unread",
	"GET /channels/{slug}":                   "slug title visibility course_id last_seq unread",
	"GET /channels/{slug}/messages":          "seq id channel user body client_id created_at edited_at deleted",
	"GET /channels/{slug}/presence":          "user since",
	"GET /channels/{slug}/members/{user_id}": "user created_at",
	"GET /notifications":                     "id kind title body link read_at created_at",
	"GET /notifications/unread-count":        "count",
	"GET /notifications/preferences":         "kind in_app email locked", "GET /modules": "name title enabled",
	"GET /admin/users":        "id email display_name role status email_verified created_at last_login_at",
	"GET /admin/users/{id}":   "id email display_name role status email_verified created_at last_login_at",
	"GET /admin/invites":      "id code_prefix role_to_grant expires_at max_uses uses email note status created_at batch_id course_ids",
	"GET /admin/invites/{id}": "id code_prefix role_to_grant expires_at max_uses uses email note status created_at batch_id course_ids",
	"GET /admin/emails":       "id to subject kind status attempts last_error created_at sent_at",
	"GET /admin/audit-logs":   "seq id action actor target ip user_agent request_id data prev_hash hash created_at",
}

// Names that no answer to a GET has: what they stand for is told once, to a POST.
var secretName = regexp.MustCompile(`(?i)password|salt|sealed|secret|token|(^|_)hash$|^code$|recovery|challenge|(^|_)mac$|ticket`)

var mailAddress = regexp.MustCompile(`[^\s"<>\\]+@[^\s"<>\\]+\.[a-z]+`)

// addressed are the answers that hold others' addresses by the contract.
var addressed = map[string]string{
	"GET /courses/{id}/learners": "an owner sees who learns",
	"GET /dev/mailbox/messages":  "development only: it is everybody's mail",
}

// receivedAnswer is an answer to an account.
type receivedAnswer struct {
	op  operation
	who testAccount
	sitetest.Answer
}

// collectAnswers returns the answers of every GET to every caller, about their own objects and others'.
func (m *matrix) collectAnswers() (out []receivedAnswer) {
	for _, o := range m.ops {
		if o.method != http.MethodGet {
			continue
		}
		for _, role := range roles {
			who := m.actors[role]
			owners := map[string]testAccount{o.with: who}
			for kind := range o.foreign {
				owners[kind] = m.stranger
			}
			for kind, owner := range owners {
				if owner.id == "" {
					owner = m.stranger
				}
				with := ids{}
				if len(o.names) > 0 {
					with = m.objectFor(kind, owner, who, false)
				}
				out = append(out, receivedAnswer{o, who, m.send(o, who, with)})
			}
		}
	}
	return out
}

func TestA5AnswersHoldWhatTheCallerMayKnow(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	m.listValidRequests() // so that there is something of everything
	seen := map[string]bool{}
	all := m.collectAnswers()
	for _, a := range all {
		if a.op.name == "GET /dev/mailbox/messages" {
			continue
		}
		if a.Status < 300 {
			seen[a.op.name+" "+a.who.role] = true
			for _, fault := range a.faults() {
				t.Errorf("%s by %s: %s in %.2000s", a.op.name, a.who.role, fault, a.Raw)
			}
		}
		if a.who.role == "admin" || addressed[a.op.name] != "" {
			continue
		}
		for _, found := range mailAddress.FindAllString(string(a.Raw), -1) {
			if found != a.who.email {
				t.Errorf("%s tells %s the address %s", a.op.name, a.who.role, found)
			}
		}
	}
	for name := range shapes {
		require.True(t, seen[name+" admin"] || seen[name+" instructor"],
			"%s was never answered: nothing is known of its fields", name)
	}
	m.noStoredSecretIn(all)
	m.noSecretInFrames()
}

// faults names what an answer must not hold.
func (a receivedAnswer) faults() (out []string) {
	if fields, ok := shapes[a.op.name]; ok {
		items := a.Items()
		if _, list := a.JSON["items"]; !list {
			items = []any{a.JSON}
		}
		for _, item := range items {
			for name := range item.(map[string]any) {
				if !slices.Contains(strings.Fields(fields), name) {
					out = append(out, "the contract has no field "+name)
				}
			}
		}
	}
	return append(out, secretsIn(a.op.name, a.JSON)...)
}

// secretsIn looks for names of secrets, and at how people are shown: by id and name.
func secretsIn(op string, v any) (out []string) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			out = append(out, secretsIn(op, one)...)
		}
	case map[string]any:
		for name, value := range v {
			chain := op == "GET /admin/audit-logs" && (name == "hash" || name == "prev_hash")
			rules := op == "GET /capabilities" && name == "passwords" // how long one must be
			if secretName.MatchString(name) && !chain && !rules {
				out = append(out, "a field "+name)
			}
			person, shown := value.(map[string]any)
			if shown && slices.Contains([]string{"user", "owner", "uploader", "author"}, name) && addressed[op] == "" {
				for field := range person {
					if field != "id" && field != "display_name" {
						out = append(out, name+" has "+field)
					}
				}
			}
			out = append(out, secretsIn(op, value)...)
		}
	}
	return out
}

// noStoredSecretIn looks for every hash, salt and sealed value of the database in the answers, as
// they are and in the usual spellings, and for the secrets that this test itself got.
func (m *matrix) noStoredSecretIn(all []receivedAnswer) {
	m.t.Helper()
	var text strings.Builder
	for _, a := range all {
		if a.op.name != "GET /dev/mailbox/messages" && a.op.name != "GET /.well-known/jwks.json" {
			text.Write(a.Raw)
		}
	}
	answers := text.String()
	secrets := m.storedSecrets()
	require.Greater(m.t, len(secrets), 50)
	for _, a := range m.actors {
		secrets[a.token] = "an access token"
	}
	secrets[sitetest.Password], secrets[seed.DemoPassword] = "a password", "a password"
	for key, made := range m.cache {
		for _, name := range []string{"code", "refresh_token", "recovery_code", "challenge"} {
			secrets[made[name]] = name + " of " + key
		}
	}
	delete(secrets, "")
	for secret, what := range secrets {
		for _, form := range []string{
			secret, hex.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(secret)),
			base64.RawURLEncoding.EncodeToString([]byte(secret)),
		} {
			if len(form) >= 6 && strings.Contains(answers, form) {
				m.t.Errorf("%s stands in an answer: %q", what, form)
			}
		}
	}
}

// storedSecrets reads the columns that hold secrets, by their names; the audit chain is public to administrators.
func (m *matrix) storedSecrets() map[string]string {
	m.t.Helper()
	pool, out := m.s.Running.Parts.DB.Pool(), map[string]string{}
	columns, err := pool.Query(`SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'audit%'`)
	require.NoError(m.t, err)
	var found [][2]string
	for columns.Next() {
		var table, column string
		require.NoError(m.t, columns.Scan(&table, &column))
		if secretName.MatchString(column) {
			found = append(found, [2]string{table, column})
		}
	}
	require.NoError(m.t, columns.Err())
	require.NoError(m.t, columns.Close())
	for _, c := range found {
		rows, err := pool.Query("SELECT " + c[1] + " FROM " + c[0] + " WHERE " + c[1] + " IS NOT NULL")
		require.NoError(m.t, err)
		for rows.Next() {
			var value []byte
			require.NoError(m.t, rows.Scan(&value))
			if len(value) >= 8 { // shorter ones are numbers and flags
				out[string(value)] = c[0] + "." + c[1]
			}
		}
		require.NoError(m.t, rows.Err())
		require.NoError(m.t, rows.Close())
	}
	return out
}

// noSecretInFrames listens beside others: "no address ever appears", nor anything but id and name.
func (m *matrix) noSecretInFrames() {
	m.t.Helper()
	s, user, other := m.s, m.actors["user"], m.actors["member"]
	c := s.Dial("/ws/channels/hq?token="+user.token, nil)
	welcome := c.Until("welcome")
	b := s.Dial("/ws/channels/hq?token="+other.token, nil)
	b.Until("welcome")
	frames := []any{welcome, c.Until("presence")}
	b.Send(map[string]any{"type": "typing"})
	frames = append(frames, c.Until("typing"))
	b.Send(map[string]any{"type": "message", "body": "hello <@" + user.id + ">", "client_id": "of the author alone"})
	frames = append(frames, readUntilAll(c, "message", "notification")...)
	for _, f := range frames {
		raw, err := json.Marshal(f)
		require.NoError(m.t, err)
		require.Empty(m.t, mailAddress.FindAllString(string(raw), -1), "%s", raw)
		require.Empty(m.t, secretsIn("", f), "%s", raw)
		require.NotContains(m.t, string(raw), "of the author alone")
	}
}

// canary stands in everything of a hidden course; who may not read it must find it nowhere.
const canary = "quetzal77"

// hideCourse makes a course full of the canary, with a lesson, a file and a channel.
func hideCourse(s *sitetest.Site, owner, visibility, status string) ids {
	s.T.Helper()
	key := canary + "/" + visibility + "-" + status + ".txt"
	up := s.Want(201, "POST", "/storage/uploads", owner,
		map[string]any{"key": key, "content_type": "text/plain", "size": 9})
	s.Upload(up, canary)
	s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", owner, nil)
	c := s.Want(201, "POST", "/courses", owner,
		map[string]any{"title": canary + " " + visibility + " " + status, "summary": canary, "description": canary,
			"tags": []string{canary}, "cover_key": key, "visibility": visibility})
	made := ids{
		"id": c.Text("id"), "slug": c.Text("slug"), "key": key, "asset_id": up.Text("id"),
		"etag": c.Header.Get("ETag"),
	}
	l := s.Want(201, "POST", "/courses/"+made["id"]+"/lessons", owner,
		map[string]any{"title": canary, "content": canary, "asset_key": key})
	made["lesson_id"], made["lesson_etag"] = l.Text("id"), l.Header.Get("ETag")
	made["channel"] = s.Want(201, "POST", "/channels", owner,
		map[string]any{"title": canary, "visibility": "course", "course_id": made["id"]}).Text("slug")
	made["message_id"] = s.Want(201, "POST", "/channels/"+made["channel"]+"/messages", owner,
		map[string]any{"body": canary}).Text("id")
	if status != "draft" {
		s.Want(200, "PATCH", "/courses/"+made["id"], owner, map[string]string{"status": status})
		made["etag"] = s.Want(200, "GET", "/courses/"+made["id"], owner, nil).Header.Get("ETag")
	}
	return made
}

// silent holds an answer to say nothing of the canary. A problem repeats the path that was asked.
func requireSilent(t *testing.T, what string, a sitetest.Answer) {
	t.Helper()
	require.NotContains(t, strings.ToLower(perRequest.ReplaceAllString(string(a.Raw), "")), canary, what)
}

func TestA6HiddenContentShowsNowhere(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	s, owner := m.s, m.stranger.token
	outsiders := []testAccount{m.actors["anonymous"], m.actors["user"], m.actors["member"], m.actors["instructor"]}
	hq := s.Dial("/ws/channels/hq?token="+m.actors["user"].token, nil)
	hq.Until("welcome")
	listBefore := map[string]string{}
	for _, who := range outsiders {
		listBefore[who.role] = s.Want(200, "GET", "/courses?limit=100", who.token, nil).Header.Get("ETag")
	}

	hidden := map[string]ids{
		"draft": hideCourse(s, owner, "public", "draft"), "private": hideCourse(s, owner, "private", "published"),
		"archived": hideCourse(s, owner, "public", "archived"),
		"member":   hideCourse(s, owner, "member", "published"), "deleted": hideCourse(s, owner, "private", "draft"),
	}
	s.Want(204, "DELETE", "/courses/"+hidden["deleted"]["id"], owner, nil)
	for _, h := range hidden { // named in a channel that they may not read, the outsiders must hear of it neither
		for _, who := range outsiders[1:] {
			s.Call("POST", "/channels/"+h["channel"]+"/messages", owner,
				map[string]string{"body": canary + " <@" + who.id + ">"})
		}
	}
	for _, who := range outsiders {
		for kind, h := range hidden {
			if kind == "member" && rankOf(who.role) >= rankOf("member") {
				continue
			}
			m.requireNothingFound(who, kind, h)
		}
		if rankOf(who.role) < rankOf("member") {
			require.Equal(t, listBefore[who.role],
				s.Want(200, "GET", "/courses?limit=100", who.token, nil).Header.Get("ETag"),
				"%s: a list's tag tells of what it does not show", who.role)
			m.requireNothingSearched(who)
		}
	}

	// Nothing reached them by itself. The mention is a fence: what was told before it has come.
	user := m.actors["user"]
	s.Want(201, "POST", "/channels/hq/messages", owner, map[string]string{"body": "come here <@" + user.id + ">"})
	raw, err := json.Marshal(hq.Until("notification"))
	require.NoError(t, err)
	require.NotContains(t, string(raw), canary)
	for _, who := range outsiders[1:] {
		requireSilent(t, "notifications", s.Want(200, "GET", "/notifications?limit=100", who.token, nil))
		requireSilent(t, "export", s.Want(200, "GET", "/users/me/export", who.token, nil))
	}
	for _, item := range s.Want(200, "GET", "/dev/mailbox/messages?limit=500", "", nil).Items() {
		mail := fmt.Sprint(item)
		require.False(t, strings.Contains(mail, canary) && !strings.Contains(mail, m.stranger.email), "%s", mail)
	}
}

// requireNothingFound asks for a hidden course in every way, with all its ids and tags.
func (m *matrix) requireNothingFound(who testAccount, kind string, h ids) {
	t, s := m.t, m.s
	t.Helper()
	course, lesson := "/courses/"+h["id"], "/courses/"+h["id"]+"/lessons/"+h["lesson_id"]
	for path, etag := range map[string]string{
		course: h["etag"], lesson: h["lesson_etag"], course + "/lessons": `"1"`,
		"/courses/" + h["slug"]: h["etag"],
	} {
		for _, condition := range []sitetest.Header{nil, {"If-None-Match": etag}, {"If-None-Match": "*"}} {
			a := s.Call("GET", path, who.token, nil, condition)
			require.Contains(t, []int{401, 403, 404}, a.Status, "%s course, %s by %s: %s", kind, path, who.role, a.Raw)
			require.Empty(t, a.Header.Get("ETag"), path)
			requireSilent(t, path, a)
			require.Equal(t, a.Status, s.Call("HEAD", path, who.token, nil, condition).Status, path)
		}
	}
	if who.id == "" {
		s.WantProblem(401, "unauthenticated", "GET", "/storage/sign?key="+h["key"], "", nil)
		return
	}
	s.WantProblem(403, "forbidden", "GET", "/storage/sign?key="+h["key"], who.token, nil)
	require.Equal(t, 403, s.Call("HEAD", "/storage/sign?key="+h["key"], who.token, nil).Status)
	for _, o := range []struct{ method, path, body string }{
		{"GET", course + "/progress", ""}, {"PUT", lesson + "/progress", `{"percent":100}`},
		{"POST", course + "/enrollment", ""}, {"DELETE", course + "/enrollment", ""},
		{"PATCH", course, `{"title":"x"}`}, {"PATCH", lesson, `{"title":"x"}`}, {
			"DELETE", lesson, "",
		}, {"POST", course + "/announcements", `{"title":"x","body":"x"}`},
		{"GET", "/channels/" + h["channel"], ""}, {
			"GET", "/channels/" + h["channel"] + "/messages", "",
		}, {"GET", "/channels/" + h["channel"] + "/presence", ""},
		{"POST", "/channels/" + h["channel"] + "/messages", `{"body":"x"}`}, {
			"PATCH", "/channels/" + h["channel"] + "/messages/" + h["message_id"], `{"body":"x"}`,
		},
		{"DELETE", "/channels/" + h["channel"] + "/messages/" + h["message_id"], ""}, {
			"POST", "/storage/uploads/" + h["asset_id"] + "/complete", "",
		},
		{"DELETE", "/storage/assets/" + h["asset_id"], ""},
	} {
		var body any
		if o.body != "" {
			body = o.body
		}
		a := s.Call(o.method, o.path, who.token, body)
		require.Contains(t, []int{403, 404}, a.Status, "%s course, %s %s by %s: %s", kind, o.method, o.path,
			who.role, a.Raw)
		requireSilent(t, o.path, a)
	}
	require.Contains(t, []int{403, 404}, s.Dial("/ws/channels/"+h["channel"]+"?after_seq=0&token="+who.token, nil).Status)
	if who.role == "instructor" { // a foreign file is no way to what it belongs to
		s.WantProblem(422, "asset-unusable", "POST", "/courses", who.token,
			map[string]string{"title": "x", "cover_key": h["key"]})
	}
}

// requireNothingSearched reads every list with every filter.
func (m *matrix) requireNothingSearched(who testAccount) {
	t, s := m.t, m.s
	t.Helper()
	for _, status := range []string{"published", "draft", "archived", "deleted"} {
		for _, more := range []string{
			"", "&q=" + canary, "&tag=" + canary, "&owner=" + m.stranger.id, "&visibility=private",
			"&visibility=public", "&sort=title&q=" + canary[:4], "&sort=updated",
		} {
			if a := s.Call("GET", "/courses?limit=100&status="+status+more, who.token, nil); a.Status != 401 {
				require.Equal(t, 200, a.Status, "%s", a.Raw)
				requireSilent(t, status+more, a)
			}
		}
	}
	for _, path := range []string{
		"/channels?limit=100", "/users/me/progress", "/users/me/enrollments", "/users/me/export", "/notifications",
		"/storage/assets?prefix=" + canary,
	} {
		requireSilent(t, path, s.Call("GET", path, who.token, nil))
	}
}

// Whoever learned in a course that is a draft again reads nothing of what it has become.
func TestA6ADraftAgainIsHiddenFromItsLearners(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	_, id, owner := s.NewAccount("withdrawing")
	s.SetRole(admin, id, "instructor")
	_, learnerID, learner := s.NewAccount("withdrawn")
	path := "/courses/" + s.Want(201, "POST", "/courses", owner, `{"title":"Once open","status":"published"}`).Text("id")
	old := s.Want(201, "POST", path+"/lessons", owner, `{"title":"Old"}`).Text("id")
	s.Want(201, "POST", path+"/enrollment", learner, nil)
	s.Want(200, "PUT", path+"/lessons/"+old+"/progress", learner, `{"percent":50}`)
	told := func(mark string) func() bool {
		return func() bool {
			return strings.Contains(string(s.Want(200, "GET", "/notifications?limit=100", learner, nil).Raw), mark)
		}
	}
	// What is delivered after the change tells nothing of the draft either.
	s.Want(201, "POST", path+"/lessons", owner, `{"title":"Last"}`)
	s.Want(200, "PATCH", path, owner, map[string]any{"status": "draft", "title": canary, "summary": canary})
	s.Want(201, "POST", path+"/lessons", owner, map[string]any{"title": canary, "content": canary})
	s.Want(201, "POST", "/channels/hq/messages", owner, map[string]string{"body": "a fence <@" + learnerID + ">"})
	require.Eventually(t, told(`"mention"`), 20*time.Second, 20*time.Millisecond)
	for _, p := range []string{
		path, path + "/lessons", path + "/progress", path + "/lessons/" + old, "/courses?q=" + canary,
		"/courses?status=draft", "/users/me/enrollments",
		"/users/me/progress", "/users/me/export", "/notifications?limit=100",
	} {
		requireSilent(t, p, s.Call("GET", p, learner, nil))
	}
	s.WantProblem(404, "not-found", "PUT", path+"/lessons/"+old+"/progress", learner, `{"percent":100}`)
}

// A file's owner sees that it is in use, but nothing of a draft that they may not read.
func TestA6AnAssetsUsesTellNoHiddenTitle(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	_, id, teacher := s.NewAccount("lender")
	s.SetRole(admin, id, "instructor")
	up := s.Want(201, "POST", "/storage/uploads", teacher,
		map[string]any{"key": "lent.txt", "content_type": "text/plain", "size": 5})
	s.Upload(up, "hello")
	s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", teacher, nil)
	course := "/courses/" + s.Want(201, "POST", "/courses", admin,
		map[string]any{"title": canary, "cover_key": "lent.txt"}).Text("id")
	s.Want(201, "POST", course+"/lessons", admin, map[string]any{"title": canary, "asset_key": "lent.txt"})
	for what, a := range map[string]sitetest.Answer{
		"assets":          s.Want(200, "GET", "/storage/assets", teacher, nil),
		"completed again": s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", teacher, nil),
		"in use":          s.WantProblem(409, "asset-in-use", "DELETE", "/storage/assets/"+up.Text("id"), teacher, nil),
	} {
		require.Contains(t, string(a.Raw), "used_by", what)
		requireSilent(t, what, a)
	}
}

// An answer is kept for who got it: the same key and body by another is another request.
func TestA6AKeptAnswerIsNobodyElses(t *testing.T) {
	t.Parallel()
	m := newMatrix(t)
	key, body := sitetest.Header{"Idempotency-Key": "shared"}, `{"title":"`+canary+`"}`
	first := m.s.Want(201, "POST", "/courses", m.stranger.token, body, key)
	other := m.s.Want(201, "POST", "/courses", m.actors["instructor"].token, body, key)
	require.NotEqual(t, first.Text("id"), other.Text("id"))
	require.Empty(t, other.Header.Get("Idempotency-Replayed"))
	for _, role := range []string{"anonymous", "user", "member"} {
		requireSilent(t, role, m.s.Call("POST", "/courses", m.actors[role].token, body, key))
	}
}

// Planted: what these hunts must not let pass.
func TestTheHuntsFindWhatIsPlanted(t *testing.T) {
	for _, leak := range []string{
		`{"items":[{"id":"1","password_hash":"x"}]}`,
		`{"items":[{"owner":{"id":"1","display_name":"x","email":"a@b.example"}}]}`,
		`{"items":[{"progress":{"deep":[{"code":"x"}]}}]}`, `{"items":[{"surprise":1}]}`,
	} {
		a := receivedAnswer{op: operation{name: "GET /courses"}}
		require.NoError(t, json.Unmarshal([]byte(leak), &a.JSON))
		require.NotEmpty(t, a.faults(), leak)
	}
	require.NotEmpty(t, mailAddress.FindString(`{"by":"someone@example.com"}`))
	for _, markup := range []string{
		`<script>1</script>`, `<a href="javascript:1">x</a>`, `<a href="jAva&#x09;script:1">x</a>`,
		`<img src=x onerror=1>`, `<svg></svg>`, `<p style="x">`, `<iframe></iframe>`, `<!-- x -->`,
		`<img src="data:image/png,x">`,
	} {
		require.NotEmpty(t, markupFaults(t, markup), markup)
	}
	for _, page := range []string{
		`<script>1</script>`, `<script src="https://evil.example/x.js"></script>`, `<p onclick="x">`,
		`<p style="x">`, `<link href="//evil.example/x.css">`,
	} {
		require.NotEmpty(t, inlineIn(t, page), page)
	}
	for _, text := range []string{
		"sql: no rows in result set", "dial tcp 10.0.0.5:5432", "runtime error: index out of range",
		"invalid character 'x'", "/work/main/app/run.go:10",
	} {
		require.Regexp(t, internals, text)
	}
}
