package archive_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// archiveContent is the content of an archive by the names of its entries.
type archiveContent map[string][]byte

func unzip(t testing.TB, raw []byte) archiveContent {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	require.NoError(t, err)
	out := archiveContent{}
	for _, f := range z.File {
		r, err := f.Open()
		require.NoError(t, err)
		b, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.NotContains(t, out, f.Name)
		out[f.Name] = b
	}
	return out
}

// zip packs the content as any other program would.
func (p archiveContent) zip(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range p {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.String()
}

func (p archiveContent) clone() archiveContent {
	out := archiveContent{}
	for name, b := range p {
		out[name] = slices.Clone(b)
	}
	return out
}

// manifest returns course.json as a client reads it.
func (p archiveContent) manifest(t testing.TB) (m map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(p["course.json"], &m))
	return m
}

// with returns a copy whose course.json was changed.
func (p archiveContent) with(t testing.TB, change func(m map[string]any)) archiveContent {
	t.Helper()
	out, m := p.clone(), p.manifest(t)
	change(m)
	raw, err := json.Marshal(m)
	require.NoError(t, err)
	out["course.json"] = raw
	return out
}

// elementOf returns an element of a list in course.json.
func elementOf(m map[string]any, list string, i int) map[string]any {
	return m[list].([]any)[i].(map[string]any)
}

func exportCourse(s *sitetest.Site, token, id string) archiveContent {
	s.T.Helper()
	return unzip(s.T, s.Want(200, "GET", "/courses/"+id+"/export", token, nil).Raw)
}

const gif = "GIF89a\x01\x00\x01\x00\x00\x00\x00;"

// createFullCourse creates a course that uses everything that a course can have, and returns its id.
func createFullCourse(s *sitetest.Site, token, prefix string) string {
	s.T.Helper()
	s.AddAsset(token, prefix+"/video.mp4", "video/mp4", sitetest.DemoVideo)
	s.AddAsset(token, prefix+"/cover.gif", "image/gif", gif)
	s.AddAsset(token, prefix+"/notes", "text/plain", strings.Repeat("no extension, much to pack ", 1000))
	id := s.Want(201, "POST", "/courses", token,
		map[string]any{"title": "Ünïcode & <full> 日本語", "summary": "Two\nlines", "description": "# Long\n\ntext",
			"visibility": "member", "status": "published", "tags": []string{"b", "a", "ß"},
			"cover_key": prefix + "/cover.gif"}).Text("id")
	lessons := make([]string, 5)
	for i, body := range []map[string]any{
		{"title": "One", "content": "# Hi\n\n<script>alert(1)</script>\n\n*there*", "duration_seconds": 60},
		{"title": "Two", "content": strings.Repeat("x", 200_000), "asset_key": prefix + "/video.mp4"},
		{
			"title": "Three", "available_from": "2031-02-03T04:05:06.789Z", "available_after_days": 7,
			"asset_key": prefix + "/notes",
		},
		{"title": "Four", "content": "𝒳 e\u0301\r\nnext", "available_after_days": 0, "asset_key": prefix + "/video.mp4"},
		{"title": "Five"},
	} {
		if i > 2 {
			body["prerequisite_ids"] = lessons[1:i]
		}
		lessons[i] = s.Want(201, "POST", "/courses/"+id+"/lessons", token, body).Text("id")
	}
	s.Want(200, "PUT", "/courses/"+id+"/lessons/order", token,
		map[string]any{"lesson_ids": []string{lessons[4], lessons[3], lessons[0], lessons[2], lessons[1]}})
	return id
}

func newInstructor(s *sitetest.Site, name string) (id, token string) {
	s.T.Helper()
	_, id, token = s.NewAccount(name)
	s.SetRole(s.AdminToken(), id, "instructor")
	return id, token
}

// roundTrip is a site with a course that uses everything, and its export.
type roundTrip struct {
	*sitetest.Site
	ownerID, owner string
	courseID, slug string
	// raw is the archive, content what is in it.
	raw     string
	content archiveContent
}

func TestExportAndImport(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		r := roundTrip{Site: s}
		r.ownerID, r.owner = newInstructor(s, "exporter")
		r.courseID = createFullCourse(s, r.owner, "round")
		r.slug = s.Want(200, "GET", "/courses/"+r.courseID, r.owner, nil).Text("slug")
		export := s.Want(200, "GET", "/courses/"+r.courseID+"/export", r.owner, nil)
		r.raw, r.content = string(export.Raw), unzip(t, export.Raw)
		require.Equal(t, sitetest.ArchiveType, export.Header.Get("Content-Type"))
		require.Equal(t, `attachment; filename="`+r.slug+`.zip"`, export.Header.Get("Content-Disposition"))
		for _, step := range []struct {
			name string
			test func(t *testing.T, r roundTrip)
		}{
			{"the archive has the course", testExportedContent},
			{"the owner's import uses the same files", testImportByOwner},
			{"files get other keys where theirs are taken", testImportByOther},
			{"nothing is taken on a fresh site", testImportOnFreshSite},
		} {
			t.Run(step.name, func(t *testing.T) {
				own := r
				own.Site = s.For(t)
				step.test(t, own)
			})
		}
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", s.AdminToken(), nil).Get("ok"))
		requireNothingStaged(s, t)
	})
}

func testExportedContent(t *testing.T, r roundTrip) {
	path := "/courses/" + r.courseID + "/export"
	again := r.Want(200, "GET", path, r.owner, nil)
	require.Equal(t, r.raw, string(again.Raw), "the same course, other bytes")
	require.Empty(t, r.Want(200, "HEAD", path, r.owner, nil).Raw)
	require.Equal(t, sitetest.DemoVideo, string(r.content["assets/0001"]))
	m := r.content.manifest(t)
	require.Equal(t, "Ünïcode & <full> 日本語", m["title"])
	require.Equal(t, []any{2.0, 4.0, 5.0}, elementOf(m, "lessons", 0)["prerequisites"])
	require.Len(t, m["assets"], 3)
}

func testImportByOwner(t *testing.T, r roundTrip) {
	a := r.ImportCourse(r.owner, r.raw)
	id := a.Text("id")
	require.Equal(t, "/courses/"+id, a.Header.Get("Location"))
	require.NotEmpty(t, a.Header.Get("ETag"))
	require.Empty(t, a.Get("warnings"))
	require.Equal(t, []any{r.slug + "-2", "draft", "member", r.ownerID}, []any{
		a.Get("slug"), a.Get("status"), a.Get("visibility"), a.Get("owner.id"),
	})
	require.Equal(t, []any{nil, 5.0}, []any{a.Get("published_at"), a.Get("lesson_count")})
	require.Equal(t, r.content, exportCourse(r.Site, r.owner, id))
	lesson := r.Want(200, "GET", "/courses/"+id+"/lessons/"+a.Text("lessons.2.id"), r.owner, nil)
	require.Contains(t, lesson.Text("content_html"), "<em>there</em>")
	require.NotContains(t, lesson.Text("content_html"), "<script")
	require.Equal(t, []any{a.Get("lessons.1.id"), a.Get("lessons.3.id"), a.Get("lessons.4.id")},
		a.Get("lessons.0.prerequisite_ids"))

	// The audit log says that the course was imported.
	created := r.Want(200, "GET", "/admin/audit-logs?action=course.created&target_id="+id, r.AdminToken(), nil)
	require.Equal(t, []any{"import", 5.0, r.ownerID}, []any{
		created.Get("items.0.data.source"), created.Get("items.0.data.lessons"), created.Get("items.0.actor.id"),
	})
}

func testImportByOther(t *testing.T, r roundTrip) {
	otherID, other := newInstructor(r.Site, "importer")
	b := r.ImportCourse(other, r.raw)
	require.Len(t, b.Get("warnings"), 3)
	require.Equal(t, []any{otherID, "round/cover-2.gif", "round/video-2.mp4", "round/notes-2"},
		[]any{b.Get("owner.id"), b.Get("cover_key"), b.Get("lessons.1.asset_key"), b.Get("lessons.3.asset_key")})
	y := exportCourse(r.Site, other, b.Text("id"))
	rest := r.content.with(t, func(m map[string]any) {
		for i := range 3 {
			f := elementOf(m, "assets", i)
			f["key"] = elementOf(y.manifest(t), "assets", i)["key"]
		}
		m["cover_key"] = "round/cover-2.gif"
		for i, key := range map[int]string{1: "round/video-2.mp4", 3: "round/notes-2", 4: "round/video-2.mp4"} {
			elementOf(m, "lessons", i)["asset_key"] = key
		}
	})
	require.Equal(t, rest.manifest(t), y.manifest(t))
	delete(rest, "course.json")
	delete(y, "course.json")
	require.Equal(t, rest, y)
	video := r.Want(200, "GET", "/storage/sign?key=round/video-2.mp4", other, nil).Text("url")
	require.Equal(t, sitetest.DemoVideo, string(r.Want(200, "GET", video, "", nil).Raw))

	// Once more: files that the caller has already are not stored again.
	before := len(r.Want(200, "GET", "/storage/assets?limit=100", other, nil).Items())
	r.ImportCourse(other, r.raw)
	require.Len(t, r.Want(200, "GET", "/storage/assets?limit=100", other, nil).Items(), before)
	r.WantProblem(403, "forbidden", "GET", "/courses/"+r.courseID+"/export", other, nil)
	uploads := r.Want(200, "GET", "/admin/audit-logs?action=asset.uploaded&actor_id="+otherID, r.AdminToken(), nil)
	require.Len(t, uploads.Items(), 3, "one entry for each file")
}

func testImportOnFreshSite(t *testing.T, r roundTrip) {
	fresh := sitetest.Start(t, nil)
	c := fresh.ImportCourse(fresh.AdminToken(), r.raw)
	require.Empty(t, c.Get("warnings"))
	require.Equal(t, r.slug, c.Text("slug"))
	require.Equal(t, r.content, exportCourse(fresh, fresh.AdminToken(), c.Text("id")))
}

// requireNothingStaged checks that no request has left a file behind.
func requireNothingStaged(s *sitetest.Site, t testing.TB) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(s.Config.DataDir, "scratch"))
	require.NoError(t, err)
	require.Empty(t, left)
	var pending int
	require.NoError(t,
		s.Running.Parts.DB.Pool().QueryRowContext(t.Context(),
			"SELECT count(*) FROM storage_assets WHERE status = 'pending'").Scan(&pending))
	require.Zero(t, pending)
}

// The course of the demo goes round, too, with its video.
func TestExportAndImportDemo(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	id := s.Want(200, "GET", "/courses/welcome-to-lyceum", "", nil).Text("id")
	raw := string(s.Want(200, "GET", "/courses/"+id+"/export", s.AdminToken(), nil).Raw)
	x := unzip(t, []byte(raw))
	require.Equal(t, sitetest.DemoVideo, string(x["assets/0001"]))
	require.Contains(t, string(x["lessons/001.md"]), "# What is here")

	// Accounts that may use the demo's video use it as it is, though its checksum is not known.
	owner := s.Login("instructor@lyceum.local", sitetest.DemoPassword)
	for _, token := range []string{owner, s.AdminToken()} {
		a := s.ImportCourse(token, raw)
		require.Empty(t, a.Get("warnings"))
		require.Equal(t, sitetest.DemoVideoKey, a.Text("lessons.1.asset_key"))
	}
	without := sitetest.Start(t,
		map[string]string{"DEMO": "false", "ADMIN_EMAIL": "admin@lyceum.local", "ADMIN_PASSWORD": sitetest.DemoPassword})
	a := without.ImportCourse(without.AdminToken(), raw)
	require.Equal(t, "welcome-to-lyceum", a.Text("slug"))
	require.Equal(t, x, exportCourse(without, without.AdminToken(), a.Text("id")))
}

func TestImportIsIdempotent(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		_, owner := newInstructor(s, "repeater")
		id := createFullCourse(s, owner, "once")
		raw := string(s.Want(200, "GET", "/courses/"+id+"/export", owner, nil).Raw)
		_, other := newInstructor(s, "other")
		key := sitetest.Header{"Idempotency-Key": "import-1"}
		first := s.ImportCourse(other, raw, key)
		again := s.ImportCourse(other, raw, key)
		require.Equal(t, first.Raw, again.Raw)
		require.Equal(t, first.Header.Get("Location"), again.Header.Get("Location"))
		require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
		changed := unzip(t, []byte(raw)).with(t, func(m map[string]any) { m["title"] = "Another" }).zip(t)
		require.Equal(t, "idempotency-key-reused", s.TryImport(other, changed, key).Text("code"))
		require.Len(t, s.Want(200, "GET", "/storage/assets?limit=100", other, nil).Items(), 3)

		// A refusal is kept, too.
		bad := unzip(t, []byte(raw)).with(t, func(m map[string]any) { m["title"] = "" }).zip(t)
		for _, replayed := range []string{"", "true"} {
			a := s.TryImport(other, bad, sitetest.Header{"Idempotency-Key": "import-2"})
			require.Equal(t, []any{422, "validation-failed", replayed},
				[]any{a.Status, a.Text("code"), a.Header.Get("Idempotency-Replayed")})
		}

		// Several at once with one key are one course.
		var wg sync.WaitGroup
		ids := make([]string, 4)
		for i := range ids {
			wg.Go(func() { ids[i] = s.TryImport(other, raw, sitetest.Header{"Idempotency-Key": "import-3"}).Text("id") })
		}
		wg.Wait()
		require.NotEmpty(t, ids[0])
		for _, id := range ids {
			require.Equal(t, ids[0], id)
		}
		// Without a key they are several, each whole.
		_, third := newInstructor(s, "third")
		slugs := make([]string, 4)
		for i := range slugs {
			wg.Go(func() {
				a := s.TryImport(third, raw)
				slugs[i] = a.Text("slug")
				require.Equal(t, 201, a.Status, "%s", a.Raw)
			})
		}
		wg.Wait()
		slices.Sort(slugs)
		require.Len(t, slices.Compact(slugs), 4)
		requireNothingStaged(s, t)
	})
}

func TestArchivePermissions(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	_, owner := newInstructor(s, "righted")
	id := createFullCourse(s, owner, "right")
	raw := string(s.Want(200, "GET", "/courses/"+id+"/export", owner, nil).Raw)
	member := s.Login("member@lyceum.local", sitetest.DemoPassword)
	_, stranger := newInstructor(s, "stranger")
	for token, status := range map[string]int{
		"": 401, "x.y.z": 401, member: 403, stranger: 403, owner: 200, s.AdminToken(): 200,
	} {
		s.Want(status, "GET", "/courses/"+id+"/export", token, nil)
		want := map[int]int{401: 401, 403: 403, 200: 201}[status]
		if token == stranger {
			want = 201
		}
		require.Equal(t, want, s.TryImport(token, raw).Status, token)
	}
	s.WantProblem(404, "not-found", "GET", "/courses/"+sitetest.UnknownID+"/export", owner, nil)
	s.WantProblem(404, "not-found", "GET", "/courses/nonsense/export", owner, nil)
	s.Want(200, "PATCH", "/courses/"+id, owner, `{"status":"draft"}`)
	s.WantProblem(404, "not-found", "GET", "/courses/"+id+"/export", stranger, nil)

	// A file that an administrator has put into a teacher's course is in the teacher's export.
	s.AddAsset(s.AdminToken(), "right/handout.txt", "text/plain", "for all")
	lesson := s.Want(200, "GET", "/courses/"+id, owner, nil).Text("lessons.0.id")
	s.Want(200, "PATCH", "/courses/"+id+"/lessons/"+lesson, s.AdminToken(), `{"asset_key":"right/handout.txt"}`)
	require.Equal(t, "for all", string(exportCourse(s, owner, id)["assets/0001"]))
	// It is the administrator's all the same: in a new course it gets a key of the teacher's.
	a := s.ImportCourse(owner, exportCourse(s, owner, id).zip(t))
	require.Equal(t, "right/handout-2.txt", a.Text("lessons.0.asset_key"))
}

func TestImportQuota(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"STORAGE_QUOTA_BYTES": fmt.Sprint(len(sitetest.DemoVideo) + 40_000)})
	_, owner := newInstructor(s, "frugal")
	id := createFullCourse(s, owner, "quota")
	raw := unzip(t, s.Want(200, "GET", "/courses/"+id+"/export", owner, nil).Raw)
	_, other := newInstructor(s, "spender")
	fits := s.ImportCourse(other, raw.zip(t))
	before := s.CountStoredObjects()
	more := raw.with(t, func(m map[string]any) {
		f := elementOf(m, "assets", 1)
		f["size"], f["sha256"] = 35_000, sha256Of(strings.Repeat("z", 35_000))
	})
	more["assets/0002"] = []byte(strings.Repeat("z", 35_000))
	a := s.TryImport(other, more.zip(t))
	require.Equal(t, []any{422, "quota-exceeded"}, []any{a.Status, a.Text("code")}, "%s", a.Raw)
	require.Equal(t, before, s.CountStoredObjects())
	require.Len(t, s.Want(200, "GET", "/storage/assets?limit=100", other, nil).Items(), 3)
	s.Want(200, "GET", "/courses/"+fits.Text("id"), other, nil)
}

// Files that are lost, or that a server without storage can't keep, are left out with a warning.
func TestImportWarnsOfLostFiles(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	_, owner := newInstructor(s, "loser")
	id := createFullCourse(s, owner, "lost")
	x := exportCourse(s, owner, id)
	require.NoError(t, os.RemoveAll(filepath.Join(s.Config.DataDir, "objects", "objects")))
	lost := exportCourse(s, owner, id)
	require.NotContains(t, lost, "assets/0001")
	require.Equal(t, elementOf(x.manifest(t), "assets", 0)["size"], elementOf(lost.manifest(t), "assets", 0)["size"])
	require.NotContains(t, elementOf(lost.manifest(t), "assets", 0), "path")
	without := sitetest.Start(t, map[string]string{"MODULES_DISABLED": "storage"})
	for _, c := range []struct {
		on      *sitetest.Site
		archive archiveContent
	}{{s, lost}, {without, lost}, {without, x}} {
		a := c.on.ImportCourse(c.on.AdminToken(), c.archive.zip(t))
		require.Nil(t, a.Get("cover_key"))
		require.Nil(t, a.Get("lessons.1.asset_key"))
		require.Len(t, a.Get("warnings"), 3)
		require.Contains(t, a.Text("warnings.0"), "lost/video.mp4")
	}
	bare := without.ImportCourse(without.AdminToken(), lost.zip(t))
	y := exportCourse(without, without.AdminToken(), bare.Text("id"))
	require.Empty(t, y.manifest(t)["assets"])
	require.Equal(t, x["lessons/003.md"], y["lessons/003.md"])
}

// An edit at the same time is in the archive as a whole, or not at all.
func TestExportIsOneInstant(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		admin := s.AdminToken()
		course := "/courses/" + s.Want(201, "POST", "/courses", admin, `{"title":"Moving"}`).Text("id")
		var ids []string
		for range 4 {
			ids = append(ids, s.Want(201, "POST", course+"/lessons", admin, `{"title":"0","content":"0"}`).Text("id"))
		}
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				word := fmt.Sprint(n)
				s.Call("PATCH", course+"/lessons/"+ids[n%4], admin, map[string]any{"title": word, "content": word})
			}
		}()
		for range 20 {
			x := unzip(t, s.Want(200, "GET", course+"/export", admin, nil).Raw)
			for i := range 4 {
				l := elementOf(x.manifest(t), "lessons", i)
				require.Equal(t, l["title"], string(x[l["path"].(string)]))
			}
		}
		close(stop)
		<-done
	})
}

func TestImportIsDocumented(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	var doc struct {
		Paths map[string]map[string]struct {
			Body struct {
				Required bool
				Content  map[string]struct {
					Schema struct {
						Type      string
						Format    string
						MaxLength int64
					}
				}
			} `json:"requestBody"`
			Parameters []struct{ Name string }
			Responses  map[string]struct{ Content map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal(s.Want(200, "GET", "/openapi.json", "", nil).Raw, &doc))
	in := doc.Paths["/courses/import"]["post"]
	require.True(t, in.Body.Required)
	require.Len(t, in.Body.Content, 1)
	require.Equal(t, []any{"string", "binary", int64(512 << 20)},
		[]any{
			in.Body.Content[sitetest.ArchiveType].Schema.Type, in.Body.Content[sitetest.ArchiveType].Schema.Format,
			in.Body.Content[sitetest.ArchiveType].Schema.MaxLength,
		})
	require.True(t,
		slices.ContainsFunc(in.Parameters, func(p struct{ Name string }) bool { return p.Name == "Idempotency-Key" }))
	require.Contains(t, in.Responses, "201")
	require.Contains(t, doc.Paths["/courses/{id}/export"]["get"].Responses["200"].Content, sitetest.ArchiveType)
}

func sha256Of(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// An archive keeps captions with their files, and refuses files that are none.
func TestArchiveKeepsCaptions(t *testing.T) {
	sitetest.OnBoth(t, nil, func(t *testing.T, s *sitetest.Site) {
		_, owner := newInstructor(s, "captions-exporter")
		captions := []any{}
		for _, language := range []string{"en", "de"} {
			key := "c/" + language + ".vtt"
			s.AddAsset(owner, key, "text/vtt", "WEBVTT\n\n00:00.000 --> 00:04.000\nHello\n")
			captions = append(captions, map[string]any{"language": language, "label": language, "asset_key": key})
		}
		course := "/courses/" + s.Want(201, "POST", "/courses", owner, `{"title":"Heard","status":"published"}`).Text("id")
		s.Want(201, "POST", course+"/lessons", owner, map[string]any{"title": "One", "captions": captions})

		first := s.Call("GET", course+"/export", owner, nil)
		a := s.ImportCourse(owner, string(first.Raw))
		require.Equal(t, captions, a.Get("lessons.0.captions"))
		require.Equal(t, unzip(t, first.Raw), exportCourse(s, owner, a.Text("id")))
		uses := s.Want(200, "GET", "/storage/assets?prefix=c/en", owner, nil).Get("items.0.used_by")
		require.Len(t, uses, 2, "the course and its import")

		_, other := newInstructor(s, "captions-importer")
		foreign := s.ImportCourse(other, string(first.Raw))
		require.Len(t, foreign.Get("warnings"), 2)
		key := foreign.Text("lessons.0.captions.0.asset_key")
		require.NotEqual(t, "c/en.vtt", key)
		s.Want(200, "GET", "/storage/sign?key="+key, other, nil)

		bad := unzip(t, first.Raw).with(t,
			func(m map[string]any) { elementOf(m, "assets", 0)["content_type"] = "text/plain" })
		s.WantProblem(422, "validation-failed", "POST", "/courses/import", other, bad.zip(t),
			sitetest.Header{"Content-Type": sitetest.ArchiveType})
	})
}
