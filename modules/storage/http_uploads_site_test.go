package storage_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// A wrong declaration is refused, and keys become no paths.
func TestHostileDeclarationsAreRefused(t *testing.T) {
	sitetest.OnBoth(t,
		map[string]string{
			"DEMO": "false", "ADMIN_EMAIL": "admin@lyceum.local", "ADMIN_PASSWORD": sitetest.AdminPassword,
			"RATE_LIMIT_ENABLED": "false",
		},
		func(t *testing.T, s *sitetest.Site) {
			admin := s.AdminToken()
			valid := map[string]any{"key": "sound.txt", "content_type": "text/plain", "size": 3}
			for field, values := range map[string][]any{
				"key": {
					"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "..\\a", "a\\b", "C:\\a",
					"a\x00b", "a\nb", "a\rb", "a\x7fb", "a\u0085b", "a\u202eb", "a\u2066b", "\ufeff\u200f",
					strings.Repeat("k", 513), strings.Repeat("n", 2048), strings.Repeat("日", 513), nil, 1, []string{"a"},
				},
				"content_type": {
					"", "text/html", "TEXT/HTML", "image/svg+xml", "application/xhtml+xml", "application/x-msdownload",
					"text/plain; charset=utf-8", "text/plain\r\nX: y", "*/*", "text", nil, strings.Repeat("t", 5000),
				},
				"size":        {0, -1, int64(2<<30) + 1, int64(1) << 62, 1.5, "3", nil, 1e300},
				"sha256":      {"x", strings.Repeat("g", 64), strings.Repeat("a", 63), strings.Repeat("a", 65), 1},
				"blob_id":     {"01900000-0000-7000-8000-000000000000"},
				"uploader_id": {"01900000-0000-7000-8000-000000000000"},
			} {
				for _, v := range values {
					body := map[string]any{}
					for k, x := range valid {
						body[k] = x
					}
					body[field] = v
					a := s.Call("POST", "/storage/uploads", admin, body)
					require.Contains(t, []int{400, 422}, a.Status, "%s %q: %s", field, v, a.Raw)
				}
			}
			require.Zero(t, s.CountStoredObjects())
			require.Empty(t, s.Want(200, "GET", "/storage/assets", admin, nil).Items())

			// Names that are reserved somewhere are names here, and come back as they are.
			for i, key := range []string{
				"CON", "aux.txt", "NUL/COM1", ".htaccess", "....", "...", "~", "a b", "ä/ß.txt", "%2e%2e/%2f",
				"a?b#c&d=e", "-rf", "$(id)", "'; DROP TABLE storage_assets; --", "desktop.ini",
				strings.Repeat("日", 512),
			} {
				s.AddAsset(admin, key, "text/plain", fmt.Sprint("content ", i))
				link := s.Want(200, "GET", "/storage/sign?key="+url.QueryEscape(key), admin, nil)
				require.Equal(t, key, link.Text("key"))
				require.Equal(t, fmt.Sprint("content ", i), string(s.Want(200, "GET", link.Text("url"), "", nil).Raw), key)
			}
		})
}

// An upload URL takes the one object that it was signed for, once, and nothing that is
// refused stays.
func TestHostileUploadsLeaveNothing(t *testing.T) {
	sitetest.OnBoth(t,
		map[string]string{
			"DEMO": "false", "ADMIN_EMAIL": "admin@lyceum.local", "ADMIN_PASSWORD": sitetest.AdminPassword,
			"RATE_LIMIT_ENABLED": "false",
		},
		func(t *testing.T, s *sitetest.Site) {
			admin := s.AdminToken()
			up := s.Want(201, "POST", "/storage/uploads", admin, `{"key":"bound.png","content_type":"image/png","size":12}`)
			u := boundUpload{admin, up, up.Text("upload.url"), "/storage/uploads/" + up.Text("id") + "/complete"}
			for name, c := range u.hostileRequests() {
				t.Run(name, func(t *testing.T) {
					s := s.For(t)
					status := u.send(s, c.method, c.to, c.body, c.change)
					require.True(t, status >= 400 && status < 500, "%d", status)
					require.Zero(t, s.CountStoredObjects())
					s.WantProblem(409, "upload-incomplete", "POST", u.complete, admin, nil)
				})
			}
			t.Run("a page that pretends to be a picture", func(t *testing.T) { u.testPageIsRefused(s.For(t)) })
			t.Run("checked bytes stay as they are", func(t *testing.T) { u.testBytesStay(s.For(t)) })
			t.Run("a link to a deleted asset", func(t *testing.T) { u.testLinkEnds(s.For(t)) })
		})
}

// png looks like a picture and has 12 bytes.
const png = "\x89PNG\r\n\x1a\n1234"

// boundUpload is an upload of png. Its URL is target, and complete is the path that ends it.
type boundUpload struct {
	admin            string
	begun            sitetest.Answer
	target, complete string
}

// send sends a request with the headers of the upload to a URL and returns the status; 400 if the
// connection was cut off.
func (u boundUpload) send(s *sitetest.Site, method, to, body string, change func(*http.Request)) int {
	s.T.Helper()
	req, err := http.NewRequestWithContext(s.T.Context(), method, to, strings.NewReader(body))
	require.NoError(s.T, err)
	for k, v := range u.begun.Get("upload.headers").(map[string]any) {
		req.Header.Set(k, v.(string))
	}
	if change != nil {
		change(req)
	}
	res, err := sitetest.Client.Do(req)
	if err != nil {
		return 400
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

// hostileRequest is a request that the upload's URL must refuse.
type hostileRequest struct {
	method, to, body string
	change           func(*http.Request)
}

// hostileRequests returns requests that the URL of the upload must refuse, by what is wrong.
func (u boundUpload) hostileRequests() map[string]hostileRequest {
	target := u.target
	return map[string]hostileRequest{
		"too short":     {"PUT", target, png[:11], nil},
		"too long":      {"PUT", target, png + "5", nil},
		"empty":         {"PUT", target, "", nil},
		"much too long": {"PUT", target, strings.Repeat(png, 200_000), nil},
		"another type":  {"PUT", target, png, func(r *http.Request) { r.Header.Set("Content-Type", "text/html") }},
		"no type":       {"PUT", target, png, func(r *http.Request) { r.Header.Del("Content-Type") }},
		"no length": {"PUT", target, png, func(r *http.Request) {
			r.ContentLength = -1
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader(png)))
		}},
		"posted":      {"POST", target, png, nil},
		"deleted":     {"DELETE", target, "", nil},
		"patched":     {"PATCH", target, png, nil},
		"read":        {"GET", target, "", nil},
		"a part":      {"PUT", target + "&partNumber=1&uploadId=x", png, nil},
		"parts begun": {"POST", target + "&uploads=", "", nil},
		"copied": {
			"PUT", target, "", func(r *http.Request) { r.Header.Set("X-Amz-Copy-Source", "/bucket/secret") },
		},
		"tagged":      {"PUT", target + "&tagging=", png, nil},
		"made public": {"PUT", target + "&acl=", png, nil},
		"another id":  {"PUT", strings.Replace(target, "?", "0?", 1), png, nil},
		"a forged trailer": {"PUT", target, png, func(r *http.Request) {
			r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
			r.Header.Set("Content-Type", "text/html")
		}},
		"without a signature": {"PUT", strings.Split(target, "?")[0], png, nil},
	}
}

// The following subtests run in this order, on one upload.

// testPageIsRefused uploads a page, which is refused and deleted; then the URL takes the picture. Nobody else
// may complete the upload.
func (u boundUpload) testPageIsRefused(s *sitetest.Site) {
	require.Equal(s.T, 200, u.send(s, "PUT", u.target, "<html>hello>", nil))
	s.WantProblem(409, "upload-mismatch", "POST", u.complete, u.admin, nil)
	require.Zero(s.T, s.CountStoredObjects())
	require.Equal(s.T, 200, u.send(s, "PUT", u.target, png, nil))
	_, id, other := s.NewAccount("other-uploader")
	s.SetRole(u.admin, id, "instructor")
	s.WantProblem(404, "not-found", "POST", u.complete, other, nil)
	s.Want(200, "POST", u.complete, u.admin, nil)
}

// testBytesStay sends other bytes to the URLs of a completed upload.
func (u boundUpload) testBytesStay(s *sitetest.Site) {
	for _, body := range []string{"\x89PNG\r\n\x1a\nevil", png} {
		require.Contains(s.T, []int{200, 412}, u.send(s, "PUT", u.target, body, nil))
	}
	link := s.Want(200, "GET", "/storage/sign?key=bound.png", u.admin, nil).Text("url")
	require.Equal(s.T, png, string(s.Want(200, "GET", link, "", nil).Raw))
	for _, method := range []string{"PUT", "POST", "DELETE"} {
		require.GreaterOrEqual(s.T, u.send(s, method, link, png, nil), 400, method)
	}
	require.Equal(s.T, 1, s.CountStoredObjects())
}

// testLinkEnds deletes the asset and opens a link to it that was signed before.
func (u boundUpload) testLinkEnds(s *sitetest.Site) {
	link := s.Want(200, "GET", "/storage/sign?key=bound.png", u.admin, nil).Text("url")
	id := s.Want(200, "GET", "/storage/assets", u.admin, nil).Text("items.0.id")
	s.Want(204, "DELETE", "/storage/assets/"+id, u.admin, nil)
	require.Eventually(s.T, func() bool { return s.CountStoredObjects() == 0 }, 30*time.Second, 100*time.Millisecond)
	require.Equal(s.T, 404, s.Call("GET", link, "", nil).Status)
}
