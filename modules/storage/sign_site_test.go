package storage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// matrixCaller is an account that asks for signed URLs, or nobody.
type matrixCaller struct{ name, token string }

// keyState is a key of the matrix: where it stands, and in what course.
type keyState struct {
	key, course, state string
}

// assetMatrix is a site with a course of each kind, each with keys in every state, and callers with
// every right.
type assetMatrix struct {
	*sitetest.Site
	admin, owner, uploader string
	callers                []matrixCaller
	keys                   []keyState
}

// newAssetMatrix returns a matrix with courses of one owner that use files of another account.
func newAssetMatrix(s *sitetest.Site) *assetMatrix {
	s.T.Helper()
	m := &assetMatrix{Site: s, admin: s.AdminToken()}
	person := func(name, role string) (email, token string) {
		email, id, token := s.NewAccount("sign-" + name)
		if role != "user" {
			s.SetRole(m.admin, id, role)
		}
		m.callers = append(m.callers, matrixCaller{name, token})
		return email, token
	}
	m.callers = append(m.callers, matrixCaller{"nobody", ""}, matrixCaller{"admin", m.admin})
	person("user", "user")
	person("member", "member")
	person("instructor", "instructor")
	enrolled, _ := person("enrolled", "user")
	_, m.owner = person("owner", "instructor")
	_, m.uploader = person("uploader", "instructor")
	for _, kind := range []string{"public", "member", "private", "draft", "archived", "deleted"} {
		m.createCourse(kind, enrolled)
	}
	m.keys = append(m.keys, keyState{"none/at-all.txt", "", "missing"},
		keyState{"none/../at-all.txt", "", "missing"}, keyState{"none\\at-all.txt", "", "missing"})
	return m
}

// upload uploads a text file and returns the id of the asset.
func (m *assetMatrix) upload(key string, complete bool) string {
	m.T.Helper()
	up := m.Want(201, "POST", "/storage/uploads", m.uploader,
		map[string]any{"key": key, "content_type": "text/plain", "size": len(key)})
	if complete {
		m.Upload(up, key)
		m.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", m.uploader, nil)
	}
	return up.Text("id")
}

// createCourse creates a course with a key in each state, and makes it one of the kind at the end.
func (m *assetMatrix) createCourse(kind, enrolled string) {
	m.T.Helper()
	key := func(state string) string { return "sign/" + kind + "/" + state + ".txt" }
	for _, state := range []string{"lesson", "locked", "cover", "unused", "former", "pending", "deleted"} {
		id := m.upload(key(state), state != "pending")
		if state == "deleted" {
			m.Want(204, "DELETE", "/storage/assets/"+id, m.uploader, nil)
		}
		m.keys = append(m.keys, keyState{key(state), kind, state})
	}
	path := "/courses/" + m.Want(201, "POST", "/courses", m.owner,
		map[string]any{"title": "Signed " + kind, "status": "published"}).Text("id")
	// Only an administrator may use what another has uploaded.
	first := m.Want(201, "POST", path+"/lessons", m.admin,
		map[string]any{"title": "Open", "asset_key": key("lesson")}).Text("id")
	m.Want(201, "POST", path+"/lessons", m.admin,
		map[string]any{"title": "Later", "asset_key": key("locked"), "prerequisite_ids": []string{first}})
	former := m.Want(201, "POST", path+"/lessons", m.admin,
		map[string]any{"title": "Former", "asset_key": key("former")}).Text("id")
	m.Want(200, "PATCH", path+"/lessons/"+former, m.admin, `{"asset_key":null}`)
	m.Want(200, "PATCH", path, m.admin, map[string]any{"cover_key": key("cover")})
	m.Want(200, "POST", path+"/enrollments/batch", m.owner, sitetest.Batch(enrolled))
	switch kind {
	case "member", "private":
		m.Want(200, "PATCH", path, m.owner, map[string]string{"visibility": kind})
	case "draft", "archived":
		m.Want(200, "PATCH", path, m.owner, map[string]string{"status": kind})
	case "deleted":
		m.Want(204, "DELETE", path, m.owner, nil)
	}
}

// readers are the callers who may read a course of each kind, besides administrators.
var readers = map[string]string{
	"public": "user member instructor enrolled owner uploader", "member": "member instructor enrolled owner uploader",
	"private": "enrolled owner", "draft": "owner", "archived": "enrolled owner", "deleted": "",
}

// wantedAnswer returns the status and the code that a caller must get for a key.
func (k keyState) wantedAnswer(who string) string {
	is := func(names string) bool { return slices.Contains(strings.Fields(names), who) }
	if is("nobody") {
		return "401 unauthenticated"
	}
	if k.state == "missing" || k.state == "pending" || k.state == "deleted" {
		if is("admin instructor owner uploader") {
			return "404 not-found"
		}
		return "403 forbidden"
	}
	reads := is(readers[k.course])
	switch {
	case is("admin uploader"):
		return "200 "
	case k.state == "unused" || k.state == "former" || !reads:
		return "403 forbidden"
	case k.state == "locked" && !is("owner"):
		return "403 lesson-locked"
	}
	return "200 "
}

// Everybody who may ask × courses of every kind × keys in every state.
func TestWhoGetsASignedURLOfWhat(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		m := newAssetMatrix(s)
		links, refusals := 0, map[string]string{}
		for _, k := range m.keys {
			for _, who := range m.callers {
				a := s.Call("GET", "/storage/sign?key="+escapeKey(k.key), who.token, nil)
				if got, want := fmt.Sprint(a.Status, " ", a.Text("code")), k.wantedAnswer(who.name); got != want {
					t.Errorf("%s asks for the %s key of a %s course: %s, not %s", who.name, k.state, k.course, got, want)
					continue
				}
				if a.Status == 200 {
					links++
					require.Equal(t, k.key, string(s.Want(200, "GET", a.Text("url"), "", nil).Raw))
				} else if a.Status == 403 && a.Text("code") == "forbidden" {
					refusals[a.Text("detail")] = k.state // a refusal tells nothing of whether there is such a key
				}
			}
		}
		require.Len(t, refusals, 1, "%v", refusals)
		t.Logf("%d callers × %d keys: %d links", len(m.callers), len(m.keys), links)
	})
}

// escapeKey escapes the characters of a key that a query can't have.
func escapeKey(key string) string {
	return strings.NewReplacer("\\", "%5C", " ", "%20").Replace(key)
}
