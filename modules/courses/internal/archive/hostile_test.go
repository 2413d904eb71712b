package archive_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// forgedEntry is an entry of a zip file whose headers may lie.
type forgedEntry struct {
	name    string
	content []byte
	// header is changed before it is written, data is what really stands there.
	header func(h *zip.FileHeader)
	data   []byte
}

// forgeArchive writes entries as they are, whatever their headers say.
func forgeArchive(t testing.TB, items ...forgedEntry) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, it := range items {
		h := &zip.FileHeader{Name: it.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(it.content),
			CompressedSize64: uint64(len(it.content)), UncompressedSize64: uint64(len(it.content))}
		data := it.content
		if it.data != nil {
			data = it.data
		}
		if it.header != nil {
			it.header(h)
		}
		w, err := z.CreateRaw(h)
		require.NoError(t, err)
		_, err = w.Write(data)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.String()
}

func (p archiveContent) listEntries() (out []forgedEntry) {
	for name, b := range p {
		out = append(out, forgedEntry{name: name, content: b})
	}
	return out
}

// zipWith packs the content with more entries.
func (p archiveContent) zipWith(t testing.TB, more ...forgedEntry) string {
	return forgeArchive(t, append(p.listEntries(), more...)...)
}

// zipReplacing packs the content with another entry in place of the one of the same name.
func (p archiveContent) zipReplacing(t testing.TB, it forgedEntry) string {
	rest := p.clone()
	delete(rest, it.name)
	return rest.zipWith(t, it)
}

// replaceBytes replaces bytes of an archive at the first or at the last place where they are.
func replaceBytes(t testing.TB, archive, old, new string, last bool) string {
	t.Helper()
	at := strings.Index(archive, old)
	if last {
		at = strings.LastIndex(archive, old)
	}
	require.GreaterOrEqual(t, at, 0)
	return archive[:at] + new + archive[at+len(old):]
}

const lessonOne = "lessons/001.md"

// newSoundArchive returns a course with two lessons, of which one has a file.
func newSoundArchive() archiveContent {
	return archiveContent{
		lessonOne: []byte("# One\n"), "lessons/002.md": []byte("Two"), "assets/0001": []byte("hello, learners"),
		"course.json": []byte(fmt.Sprintf(`{"format":"lyceum-course","version":1,
		"title":"Sound","summary":"","description":"","visibility":"public","tags":["a"],"cover_key":null,
		"lessons":[{"title":"One","duration_seconds":1,"asset_key":"hostile/a.txt","prerequisites":[],"available_from":null,"available_after_days":null,"path":"lessons/001.md"},
			{"title":"Two","duration_seconds":1,"asset_key":null,"prerequisites":[1],"available_from":null,"available_after_days":null,"path":"lessons/002.md"}],
		"assets":[{"key":"hostile/a.txt","content_type":"text/plain","size":15,"sha256":%q,"path":"assets/0001"}]}`, sha256Of("hello, learners"))),
	}
}

// badArchive is an archive that must be refused with a status and a location that begins so.
type badArchive struct {
	status   int
	location string
	archive  string
}

func badNames(t testing.TB) map[string]badArchive {
	p, out := newSoundArchive(), map[string]badArchive{}
	for _, name := range []string{
		"/etc/passwd", "../up", "lessons/../../up", "a/./b", "a//b", `a\b`, `..\up`, "C:/x", "C:x", "a\x00b",
		"a\nb", "a\x1bb", "a\u202eb", "\xff\xfe", "", "//host/share", "a/..", ".", "..",
		strings.Repeat("a", 300),
	} {
		out["name "+fmt.Sprintf("%.20q", name)] = badArchive{
			422, "body.", p.zipWith(t, forgedEntry{name: name, content: []byte("x")}),
		}
	}
	for what, name := range map[string]string{
		"name twice": lessonOne, "name in capitals": "LESSONS/001.MD", "name folded": "leſſons/001.md",
		"folder of a name": lessonOne + "/",
	} {
		it := forgedEntry{name: name, content: []byte("x")}
		if strings.HasSuffix(name, "/") {
			it.content = nil
		}
		out[what] = badArchive{422, "body.", p.zipWith(t, it)}
	}
	out["unknown entry"] = badArchive{
		422, "body.readme.txt", p.zipWith(t, forgedEntry{name: "readme.txt", content: []byte("x")}),
	}
	for _, gone := range []string{lessonOne, "assets/0001", "course.json"} {
		rest := p.clone()
		delete(rest, gone)
		out["missing "+gone] = badArchive{422, "body", rest.zip(t)}
	}
	for what, mode := range map[string]os.FileMode{
		"symlink": os.ModeSymlink | 0o777, "device": os.ModeDevice | 0o600,
		"character device": os.ModeDevice | os.ModeCharDevice, "pipe": os.ModeNamedPipe, "socket": os.ModeSocket,
		"folder that is a link": os.ModeSymlink,
	} {
		it := forgedEntry{
			name: lessonOne, content: []byte("/etc/passwd"), header: func(h *zip.FileHeader) { h.SetMode(mode) },
		}
		if strings.HasPrefix(what, "folder") {
			out[what] = badArchive{422, "body.folder/", p.zipWith(t, forgedEntry{name: "folder/", header: it.header})}
			continue
		}
		out[what] = badArchive{422, "body." + lessonOne, p.zipReplacing(t, it)}
	}
	return out
}

func badContents(t testing.TB) map[string]badArchive {
	p := newSoundArchive()
	at := "body." + lessonOne
	change := func(content string, data string, header func(h *zip.FileHeader)) badArchive {
		it := forgedEntry{name: lessonOne, content: []byte(content), header: header}
		if data != "" {
			it.data = []byte(data)
		}
		return badArchive{422, at, p.zipReplacing(t, it)}
	}
	flag := func(f uint16) func(h *zip.FileHeader) { return func(h *zip.FileHeader) { h.Flags |= f } }
	out := map[string]badArchive{
		"encrypted": change("x", "", flag(1)), "strongly encrypted": change("x", "", flag(1<<6)),
		"masked":           change("x", "", flag(1<<13)),
		"another checksum": change("x", "", func(h *zip.FileHeader) { h.CRC32++ }), "no checksum": change("x", "",
			func(h *zip.FileHeader) { h.CRC32 = 0 }),
		"another unpacked size": change("xx", "", func(h *zip.FileHeader) { h.UncompressedSize64 = 1 }),
		"no stream": change("x", "\x06\x06",
			func(h *zip.FileHeader) { h.Method, h.CompressedSize64 = zip.Deflate, 2 }),
		"half a stream": change("x", "\x4b", func(h *zip.FileHeader) { h.Method = zip.Deflate }),
		"longer than declared": change("x", "\x4b\x4b\x04\x00",
			func(h *zip.FileHeader) { h.Method, h.CompressedSize64 = zip.Deflate, 4 }),
		"shorter than declared": change("xxx", "\x4b\x04\x00",
			func(h *zip.FileHeader) { h.Method, h.CompressedSize64 = zip.Deflate, 3 }),
		"something behind it": change("x", "\xab\x00\x00tail",
			func(h *zip.FileHeader) { h.Method, h.CompressedSize64 = zip.Deflate, 7 }),
		"broken UTF-8": change("a\xffb", "", nil), "U+0000": change("a\x00b", "", nil),
		"too long": change(strings.Repeat("a", 200_001),
			"", nil),
		"a bomb of links": change(strings.Repeat("[a](b)", 4001), "", nil),
		"huge text":       change(strings.Repeat("a", 3<<20), "", nil),
	}
	for _, method := range []uint16{1, 6, 9, 12, 14, 93, 95, 99} {
		out[fmt.Sprint("method ", method)] = change("x", "", func(h *zip.FileHeader) { h.Method = method })
	}
	bomb := archiveContent{
		"course.json": []byte(`{"format":"lyceum-course","version":1,"title":"` + strings.Repeat(" ", 20<<20) + `x","visibility":"public"}`),
	}
	out["a bomb"] = badArchive{422, "body.course.json", bomb.zip(t)}
	large := archiveContent{
		"course.json": []byte(`{"format":"lyceum-course","version":1,"title":"x","visibility":"public"}` + strings.Repeat(" ",
			8<<20)),
	}
	out["course.json of more than 8 MiB"] = badArchive{422, "body.course.json", large.zipWith(t)}
	many := archiveContent{}
	for i := range 5000 {
		many[fmt.Sprint("a/", i)] = nil
	}
	out["too many entries"] = badArchive{422, "body", many.zipWith(t, newSoundArchive().listEntries()...)}
	crumbs := archiveContent{}
	for i := range 60 {
		crumbs[fmt.Sprint("a/", i)] = make([]byte, 900<<10)
	}
	out["a bomb of crumbs"] = badArchive{422, "body", crumbs.zip(t)}
	return out
}

// badStructures returns archives that two programs might read in two ways.
func badStructures(t testing.TB) map[string]badArchive {
	p := newSoundArchive()
	sound := p.zipWith(t)
	end := strings.LastIndex(sound, "PK\x05\x06")
	out := map[string]badArchive{
		"nothing but text": {400, "", "this is no archive"}, "an empty archive": {422, "body", archiveContent{}.zip(t)},
		"one byte":      {400, "", "P"},
		"the end alone": {400, "", sound[end:]}, "cut": {400, "", sound[:len(sound)-5]}, "half": {
			400, "", sound[:len(sound)/2],
		}, "something behind": {400, "", sound + "x"}, "something before": {400, "", "x" + sound},
		"JSON": {400, "", `{"title":"x"}`}, "a tar": {400, "", "x.txt\x00" + strings.Repeat("\x00", 1018)},
		"another name before the data":  {422, "body.", replaceBytes(t, sound, lessonOne, "lessons/00X.md", false)},
		"another name in the directory": {422, "body.", replaceBytes(t, sound, lessonOne, "lessons/00X.md", true)},
		"a lost header":                 {422, "body.", replaceBytes(t, sound, "PK\x03\x04", "PK\x03\x05", false)},
		"a lost directory header":       {400, "", replaceBytes(t, sound, "PK\x01\x02", "PK\x01\x03", true)},
	}
	le := binary.LittleEndian
	with := func(value uint16, places ...int) string {
		b := []byte(sound)
		for _, at := range places {
			le.PutUint16(b[end+at:], value)
		}
		return string(b)
	}
	out["a wrong count"] = badArchive{400, "", with(99, 8, 10)}
	out["several disks"] = badArchive{422, "body", with(1, 4)}
	out["a part of the entries"] = badArchive{422, "body", with(99, 10)}
	out["zip64"] = badArchive{
		422, "body",
		sound[:end] + "PK\x06\x07" + strings.Repeat("\x00", 16) + sound[end:end+12] + string(le.AppendUint32(nil,
			le.Uint32([]byte(sound[end+12:]))+20)) + sound[end+16:],
	}
	out["two directories"] = badArchive{400, "", sound + sound[end:]}

	// Overlapping entries: the directory names the same data twice, and data within data (Fifield).
	dir := int(le.Uint32([]byte(sound[end+16:])))
	first, second := dir, dir+46+int(le.Uint16([]byte(sound[dir+28:])))
	twin := []byte(sound)
	copy(twin[second+42:second+46], twin[first+42:first+46])
	out["one place for two"] = badArchive{422, "body.", string(twin)}
	inner := forgeArchive(t, forgedEntry{name: "a", content: []byte("x")})
	quoting := forgeArchive(t, forgedEntry{name: "outer", content: []byte(inner)},
		forgedEntry{name: "a", content: []byte("x")})
	qend := strings.LastIndex(quoting, "PK\x05\x06")
	qdir := int(le.Uint32([]byte(quoting[qend+16:])))
	b := []byte(quoting)
	at := qdir + 46 + int(le.Uint16(b[qdir+28:]))
	le.PutUint32(b[at+42:], uint32(strings.Index(quoting, inner)))
	out["data within data"] = badArchive{422, "body.outer", string(b)}
	le.PutUint32(b[at+42:], uint32(qdir)+1000)
	out["data nowhere"] = badArchive{422, "body.a", string(b)}
	into := []byte(sound)
	le.PutUint32(into[first+20:], le.Uint32(into[first+20:])+1<<20)
	out["two sizes"] = badArchive{422, "body.", string(into)}
	return out
}

// badManifestSet collects archives with a broken course.json.
type badManifestSet struct {
	t     testing.TB
	sound archiveContent
	all   map[string]badArchive
}

// addText adds an archive whose course.json has that text. location is that of the fault in it.
func (b badManifestSet) addText(name, location, content string) {
	c := b.sound.clone()
	c["course.json"] = []byte(content)
	b.all[name] = badArchive{422, "body.course.json" + location, c.zip(b.t)}
}

// addChange adds an archive whose course.json was changed.
func (b badManifestSet) addChange(name, location string, change func(m map[string]any)) {
	b.all[name] = badArchive{422, "body.course.json" + location, b.sound.with(b.t, change).zip(b.t)}
}

func badManifests(t testing.TB) map[string]badArchive {
	b := badManifestSet{t, newSoundArchive(), map[string]badArchive{}}
	b.addBrokenTexts()
	b.addBadCourses()
	b.addBadLessons()
	b.addBadAssets()
	return b.all
}

func (b badManifestSet) addBrokenTexts() {
	sound := string(b.sound["course.json"])
	replace := func(old, new string) string { return strings.Replace(sound, old, new, 1) }
	b.addText("no JSON", "", "{")
	b.addText("JSON and more", "", sound+"{}")
	b.addText("a list", "", "[]")
	b.addText("null", ".format", "null")
	b.addText("not UTF-8", "", replace("Sound", "S\xff"))
	b.addText("U+0000 in a title", ".title", replace("Sound", `S\u0000`))
	b.addText("a lone surrogate", ".title", replace("Sound", `S\ud800`))
	b.addText("an unknown name", "", replace(`"summary"`, `"id":"x","summary"`))
	b.addText("a name in capitals", "", replace(`"title"`, `"TITLE":"x","title"`))
	b.addText("a name twice", ".title", replace(`"title"`, `"title":"x","title"`))
	b.addText("too deep", "", replace(`["a"]`, strings.Repeat("[", 40)+strings.Repeat("]", 40)))
	const duration = ".lessons.0.duration_seconds"
	b.addText("a text for a number", duration, replace(`"duration_seconds":1`, `"duration_seconds":"1"`))
	b.addText("a broken number", duration, replace(`"duration_seconds":1`, `"duration_seconds":1.5`))
}

func (b badManifestSet) addBadCourses() {
	for field, values := range map[string][]any{
		"format":      {"", "another"},
		"visibility":  {"", "secret", "PUBLIC"},
		"title":       {"", "  ", strings.Repeat("x", 201), "a\u202eb", "a\nb"},
		"summary":     {strings.Repeat("x", 501)},
		"description": {strings.Repeat("x", 20_001)},
		"tags":        {[]string{""}, []string{strings.Repeat("x", 51)}, make([]string, 51), []string{"a\tb"}},
		"cover_key":   {"not/listed"},
		"version":     {0, 2},
	} {
		for i, v := range values {
			location := map[string]string{"version": ".format", "cover_key": ".assets"}[field]
			if location == "" {
				location = "." + field
			}
			b.addChange(fmt.Sprint(field, " ", i), location, func(m map[string]any) { m[field] = v })
		}
	}
}

func (b badManifestSet) addBadLessons() {
	for field, values := range map[string][]any{
		"title":                {"", strings.Repeat("x", 201)},
		"duration_seconds":     {-1, 1_000_001},
		"available_after_days": {-1, 36_501},
		"available_from":       {"1969-01-01T00:00:00Z", "yesterday", ""},
		"prerequisites":        {[]int{0}, []int{3}, []int{-1}, []int{1 << 40}},
		"path":                 {"", "lessons/002.md", "course.json", "assets/0001", "nowhere"},
	} {
		for i, v := range values {
			change := func(m map[string]any) { elementOf(m, "lessons", 0)[field] = v }
			b.addChange(fmt.Sprint("lesson's ", field, " ", i), ".", change)
		}
	}
	b.addChange("a circle", ".lessons", func(m map[string]any) { elementOf(m, "lessons", 0)["prerequisites"] = []int{2} })
	b.addChange("itself", ".lessons", func(m map[string]any) { elementOf(m, "lessons", 0)["prerequisites"] = []int{1} })
	b.addChange("too many lessons", ".lessons", func(m map[string]any) {
		l := m["lessons"].([]any)
		for len(l) < 501 {
			l = append(l, l[0])
		}
		m["lessons"] = l
	})
}

func (b badManifestSet) addBadAssets() {
	b.addChange("lesson's key not listed", ".assets",
		func(m map[string]any) { elementOf(m, "lessons", 0)["asset_key"] = "other" })
	b.addChange("a key twice", ".assets.1.key",
		func(m map[string]any) { m["assets"] = append(m["assets"].([]any), elementOf(m, "assets", 0)) })
	b.addChange("an unused key", ".assets",
		func(m map[string]any) { m["assets"] = append(m["assets"].([]any), map[string]any{"key": "unused"}) })
	for field, values := range map[string][]any{
		"sha256":       {"", "xyz", sha256Of("another"), strings.Repeat("0", 63)},
		"size":         {14, 0, -15},
		"content_type": {"", "text/html", "image/png", "application/x-sh"},
		"path":         {"assets/0002"},
	} {
		for i, v := range values {
			change := func(m map[string]any) { elementOf(m, "assets", 0)[field] = v }
			b.addChange(fmt.Sprint("asset's ", field, " ", i), ".assets.0."+field, change)
		}
	}
	for i, key := range []string{"", "/a", "../a", "a/../b", `a\b`, strings.Repeat("k", 513), "a\u202eb"} {
		b.addChange(fmt.Sprint("asset's key ", i), ".assets.0.key", func(m map[string]any) {
			elementOf(m, "assets", 0)["key"], elementOf(m, "lessons", 0)["asset_key"] = key, key
		})
	}
}

// Nothing of an archive that breaks a rule stays, and every rule is enforced (requirement F2).
func TestHostileArchivesAreRefused(t *testing.T) {
	sitetest.OnBoth(t, sitetest.Unlimited, func(t *testing.T, s *sitetest.Site) {
		_, owner := newInstructor(s, "attacked")
		admin := s.AdminToken()
		before, objects := s.NewestEntry(admin), s.CountStoredObjects()
		code := map[int]string{400: "malformed-request", 422: "validation-failed"}
		for _, corpus := range []map[string]badArchive{badNames(t), badContents(t), badStructures(t), badManifests(t)} {
			for name, b := range corpus {
				t.Run(name, func(t *testing.T) {
					a := s.For(t).TryImport(owner, b.archive)
					require.Equal(t, []any{b.status, code[b.status]}, []any{a.Status, a.Text("code")}, "%s", a.Raw)
					require.True(t, strings.HasPrefix(a.Text("errors.0.location"), b.location), "%s", a.Raw)
				})
			}
		}
		require.Equal(t, before, s.NewestEntry(admin), "a refused archive has changed something")
		require.Equal(t, objects, s.CountStoredObjects())
		require.Empty(t, s.Want(200, "GET", "/courses?status=draft", owner, nil).Items())
		require.Empty(t, s.Want(200, "GET", "/storage/assets", owner, nil).Items())
		requireNothingStaged(s, t)

		// The sound one is taken, and folders that other programs add are no harm.
		a := s.ImportCourse(owner,
			newSoundArchive().zipWith(t, forgedEntry{name: "lessons/"}, forgedEntry{name: "assets/"}))
		require.Equal(t, "hostile/a.txt", a.Text("lessons.0.asset_key"))
		require.Equal(t, true, s.Want(200, "GET", "/admin/audit-logs/verify", admin, nil).Get("ok"))
	})
}

// Faults of the request itself are refused before those of the archive: no token, no permission, another
// media type, no body.
func TestImportRequestRules(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_ENABLED": "false"})
	_, owner := newInstructor(s, "ordered")
	_, _, user := s.NewAccount("ordinary")
	sound := newSoundArchive().zip(t)
	refused := func(status int, code, token, body string, h sitetest.Header) {
		t.Helper()
		a := s.Call("POST", "/courses/import", token, body, h)
		require.Equal(t, []any{status, code}, []any{a.Status, a.Text("code")}, "%v: %s", h, a.Raw)
	}
	refused(401, "unauthenticated", "", "x", sitetest.Header{"Content-Type": "text/plain"})
	refused(403, "forbidden", user, "x", sitetest.Header{"Content-Type": "text/plain"})
	for _, other := range []string{
		"", "application/json", "application/octet-stream", "application/x-zip-compressed",
		"multipart/form-data; boundary=x", "text/plain", "application/zip, text/plain", "nonsense;;",
	} {
		refused(415, "unsupported-media-type", owner, sound, sitetest.Header{"Content-Type": other})
	}
	for _, coding := range []string{"gzip", "br", "identity", "nonsense"} {
		refused(415, "unsupported-media-type", owner, sound,
			sitetest.Header{"Content-Type": sitetest.ArchiveType, "Content-Encoding": coding})
	}
	refused(400, "malformed-request", owner, "", sitetest.Header{"Content-Type": sitetest.ArchiveType})
	refused(422, "validation-failed", owner, sound,
		sitetest.Header{"Content-Type": sitetest.ArchiveType, "Idempotency-Key": strings.Repeat("k", 256)})
	a := s.Call("POST", "/courses/import?x=%00", owner, sound, sitetest.Header{"Content-Type": sitetest.ArchiveType})
	require.Equal(t, 422, a.Status)
	s.WantProblem(405, "method-not-allowed", "PUT", "/courses/import", owner, nil)
	require.Equal(t, 201,
		s.Call("POST", "/courses/import", owner, sound,
			sitetest.Header{"Content-Type": "Application/ZIP; charset=binary"}).Status)
	// Everything else keeps its own limit.
	s.WantProblem(413, "body-too-large", "POST", "/courses", owner, `{"title":"`+strings.Repeat("a", 1<<20)+`"}`)
	s.WantProblem(415, "unsupported-media-type", "POST", "/courses", owner, sound,
		sitetest.Header{"Content-Type": sitetest.ArchiveType})
}

// postBody sends an import whose body is never held whole. A negative length sends it in chunks.
func postBody(s *sitetest.Site, token string, body io.Reader, length int64) sitetest.Answer {
	s.T.Helper()
	req, err := http.NewRequestWithContext(s.T.Context(), "POST", s.URL+"/courses/import", body)
	require.NoError(s.T, err)
	req.ContentLength = length
	req.Header.Set("Content-Type", sitetest.ArchiveType)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := (&http.Client{Timeout: 2 * time.Minute}).Do(req)
	require.NoError(s.T, err)
	return s.ReadAnswer(res)
}

func TestImportTooLarge(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	_, owner := newInstructor(s, "large")
	for _, length := range []int64{512<<20 + 1, -1} {
		a := postBody(s, owner, sitetest.Zeros(512<<20+1), length)
		require.Equal(t, []any{413, "body-too-large"}, []any{a.Status, a.Text("code")}, "%s", a.Raw)
	}
	requireNothingStaged(s, t)
	// Refused at once, by the length alone.
	answer := sendBytes(s,
		"POST /courses/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+owner+"\r\nContent-Type: application/zip\r\nContent-Length: 600000000\r\n\r\nPK")
	require.Contains(t, answer, "HTTP/1.1 413")
	requireNothingStaged(s, t)
}

// Memory does not grow with the size of an archive that comes in or goes out (requirement X2).
func TestLargeArchivesStayOutOfMemory(t *testing.T) {
	s := sitetest.Start(t, nil)
	_, owner := newInstructor(s, "heavy")
	growth := sitetest.WatchHeap()
	const size = 200 << 20
	a := postBody(s, owner, sitetest.LargeArchive(size), -1)
	require.Equal(t, 201, a.Status, "%s", a.Raw)
	req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/courses/"+a.Text("id")+"/export", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+owner)
	res, err := (&http.Client{Timeout: time.Minute}).Do(req)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Greater(t, n, int64(size))
	grown := growth()
	t.Logf("the heap grew by %d MiB for an archive of %d", grown>>20, size>>20)
	require.Less(t, grown, int64(64<<20))
}

// sendBytes sends bytes to the site and returns what comes back.
func sendBytes(s *sitetest.Site, request string) string {
	s.T.Helper()
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.URL, "http://"), time.Second)
	require.NoError(s.T, err)
	defer func() { _ = conn.Close() }()
	require.NoError(s.T, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, request)
	require.NoError(s.T, err)
	all, _ := io.ReadAll(conn)
	return string(all)
}
