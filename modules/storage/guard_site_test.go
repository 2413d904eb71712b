package storage_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
	"lyceum/platform/blob"
)

// begunUpload is an upload that was begun and whose URL is valid.
type begunUpload struct {
	sitetest.Answer
	content string
	// object is the id of the object, which the URL names last.
	object string
}

// beginUpload begins an upload of the account with the token.
func beginUpload(s *sitetest.Site, token, key string) begunUpload {
	s.T.Helper()
	const content = "what is uploaded"
	up := s.Want(201, "POST", "/storage/uploads", token,
		map[string]any{"key": key, "content_type": "text/plain", "size": len(content)})
	u, err := url.Parse(up.Text("upload.url"))
	require.NoError(s.T, err)
	return begunUpload{up, content, u.Path[strings.LastIndex(u.Path, "/")+1:]}
}

// sendBytes sends the bytes of an upload to its URL and returns the status.
func sendBytes(s *sitetest.Site, up begunUpload) int {
	s.T.Helper()
	headers := sitetest.Header{}
	for k, v := range up.Get("upload.headers").(map[string]any) {
		headers[k] = v.(string)
	}
	return s.Call(up.Text("upload.method"), up.Text("upload.url"), "", up.content, headers).Status
}

// holdsObject reports whether the object store has the object.
func holdsObject(s *sitetest.Site, id string) bool {
	s.T.Helper()
	_, err := s.Running.Parts.Blobs.Stat(s.T.Context(), id)
	if !errors.Is(err, blob.ErrNotFound) {
		require.NoError(s.T, err)
	}
	return err == nil
}

// requireWithinSecond requires a condition to become true within a second.
func requireWithinSecond(t testing.TB, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, time.Second, 20*time.Millisecond, what)
}

func TestUploadURLEndsWithTheRightsOfItsUploader(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		s := sitetest.Start(t, vars)
		admin := s.AdminToken()
		embedded := vars["S3_ENDPOINT"] == ""
		for name, take := range map[string]func(id, token string){
			"demoted":  func(id, _ string) { s.SetRole(admin, id, "user") },
			"disabled": func(id, _ string) { s.Want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`) },
			"deleted":  func(id, _ string) { s.Want(204, "DELETE", "/admin/users/"+id, admin, nil) },
			"left": func(_, token string) {
				s.Want(204, "DELETE", "/users/me", token, `{"password":"`+sitetest.Password+`"}`)
			},
		} {
			_, id, token := s.NewAccount(name)
			s.SetRole(admin, id, "instructor")
			before, after := beginUpload(s, token, name+"/before"), beginUpload(s, token, name+"/after")
			require.Equal(t, 200, sendBytes(s, before), name)
			take(id, token)
			time.Sleep(time.Second)
			status := sendBytes(s, after)
			if embedded {
				require.Equal(t, 403, status, name)
				require.False(t, holdsObject(s, after.object), name)
				require.NotEqual(t, 200, sendBytes(s, before), "%s: nor again what has arrived", name)
			}
			for _, up := range []begunUpload{before, after} {
				a := s.Call("POST", "/storage/uploads/"+up.Text("id")+"/complete", token, nil)
				require.Contains(t, []int{401, 403}, a.Status, "%s: %s", name, a.Raw)
				if name == "demoted" {
					require.Equal(t, "forbidden", a.Text("code"))
					require.False(t, holdsObject(s, up.object), "complete removes the object")
				}
			}
			if name == "demoted" {
				s.SetRole(admin, id, "instructor")
				s.Want(404, "POST", "/storage/uploads/"+before.Text("id")+"/complete", token, nil)
				again := beginUpload(s, token, name+"/before")
				require.Equal(t, 200, sendBytes(s, again), "the key is free")
				s.Want(200, "POST", "/storage/uploads/"+again.Text("id")+"/complete", token, nil)
			} else {
				requireWithinSecond(t, name+": the object goes", func() bool { return !holdsObject(s, before.object) })
			}
		}
		// Completed assets stay when their uploader is demoted.
		require.NotEmpty(t, s.Want(200, "GET", "/storage/assets?prefix=demoted/", admin, nil).Items())
	})
}

func TestUploadInFlightEndsWithTheRightsOfItsUploader(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	_, id, token := s.NewAccount("slow")
	s.SetRole(admin, id, "instructor")
	up := beginUpload(s, token, "slow")
	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, up.Text("upload.url"), body)
	require.NoError(t, err)
	req.ContentLength = int64(len(up.content))
	req.Header.Set("Content-Type", "text/plain")
	answered := make(chan int, 1)
	go func() {
		res, err := sitetest.Client.Do(req)
		if err != nil {
			answered <- 0
			return
		}
		_ = res.Body.Close()
		answered <- res.StatusCode
	}()
	_, err = feed.Write([]byte(up.content[:5]))
	require.NoError(t, err)
	s.SetRole(admin, id, "member")
	_, err = feed.Write([]byte(up.content[5:]))
	require.NoError(t, err)
	require.NoError(t, feed.Close())
	require.Equal(t, 403, <-answered)
	require.False(t, holdsObject(s, up.object))
}

func TestLinksEndWithTheirAsset(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		s := sitetest.Start(t, vars)
		admin := s.AdminToken()
		embedded := vars["S3_ENDPOINT"] == ""
		for name, remove := range map[string]func(asset, uploader string){
			"by hand":           func(asset, _ string) { s.Want(204, "DELETE", "/storage/assets/"+asset, admin, nil) },
			"with its uploader": func(_, uploader string) { s.Want(204, "DELETE", "/admin/users/"+uploader, admin, nil) },
		} {
			_, id, token := s.NewAccount(strings.ReplaceAll(name, " ", "."))
			s.SetRole(admin, id, "instructor")
			up := beginUpload(s, token, name)
			require.Equal(t, 200, sendBytes(s, up))
			asset := s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", token, nil).Text("id")
			link := s.Want(200, "GET", "/storage/sign?expires_in=3600&key="+url.QueryEscape(name), token, nil).Text("url")
			status := func(headers ...sitetest.Header) int { return s.Call("GET", link, "", nil, headers...).Status }
			require.Equal(t, 200, status())
			require.Equal(t, 206, status(sitetest.Header{"Range": "bytes=0-3"}))
			remove(asset, id)
			requireWithinSecond(t, name, func() bool {
				return status() == 404 && status(sitetest.Header{"Range": "bytes=0-3"}) == 404
			})
			require.Eventually(t, func() bool { return !holdsObject(s, up.object) }, 15*time.Second,
				50*time.Millisecond, name)
			if embedded {
				require.Equal(t, 403, sendBytes(s, up), "the upload URL brings nothing back")
				require.Equal(t, 404, status(), name)
			}
		}
	})
}

// The object may be there a while longer than its asset: no link serves it.
func TestLinksEndBeforeTheirObject(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	up := beginUpload(s, admin, "outlived")
	require.Equal(t, 200, sendBytes(s, up))
	s.Want(200, "POST", "/storage/uploads/"+up.Text("id")+"/complete", admin, nil)
	link := s.Want(200, "GET", "/storage/sign?key=outlived", admin, nil).Text("url")
	s.Want(200, "GET", link, "", nil)
	s.Want(204, "DELETE", "/storage/assets/"+up.Text("id"), admin, nil)
	requireWithinSecond(t, "the object goes", func() bool { return !holdsObject(s, up.object) })
	ctx := context.Background()
	require.NoError(t, s.Running.Parts.Blobs.Put(ctx, up.object, strings.NewReader("back"), 4, "text/plain"))
	s.WantProblem(404, "not-found", "GET", link, "", nil)
}
