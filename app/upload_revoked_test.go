package main

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

	"lyceum/platform/blob"
)

// begunUpload is an upload of an instructor whose URL is open.
type begunUpload struct {
	answer
	content string
	// object is the id of the object, which the URL names last.
	object string
}

func (s *site) beginUpload(token, key string) begunUpload {
	s.t.Helper()
	const content = "what is uploaded"
	up := s.want(201, "POST", "/storage/uploads", token, map[string]any{"key": key, "content_type": "text/plain", "size": len(content)})
	u, err := url.Parse(up.str("upload.url"))
	require.NoError(s.t, err)
	return begunUpload{up, content, u.Path[strings.LastIndex(u.Path, "/")+1:]}
}

// arrive sends the bytes and returns the status.
func (s *site) arrive(up begunUpload) int {
	s.t.Helper()
	headers := header{}
	for k, v := range up.get("upload.headers").(map[string]any) {
		headers[k] = v.(string)
	}
	return s.call(up.str("upload.method"), up.str("upload.url"), "", up.content, headers).Status
}

func (s *site) holdsObject(id string) bool {
	s.t.Helper()
	_, err := s.run.Parts.Blobs.Stat(s.t.Context(), id)
	if !errors.Is(err, blob.ErrNotFound) {
		require.NoError(s.t, err)
	}
	return err == nil
}

// within holds a condition to become true in a second.
func within(t testing.TB, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, time.Second, 20*time.Millisecond, what)
}

func TestUploadURLEndsWithItsOwnersRights(t *testing.T) {
	onKinds(t, func(t *testing.T, vars map[string]string) {
		s := serveSite(t, vars)
		admin := s.admin()
		embedded := vars["S3_ENDPOINT"] == ""
		for name, take := range map[string]func(id, token string){
			"demoted":  func(id, _ string) { s.promote(admin, id, "user") },
			"disabled": func(id, _ string) { s.want(200, "PATCH", "/admin/users/"+id, admin, `{"status":"disabled"}`) },
			"deleted":  func(id, _ string) { s.want(204, "DELETE", "/admin/users/"+id, admin, nil) },
			"left":     func(_, token string) { s.want(204, "DELETE", "/users/me", token, `{"password":"`+password+`"}`) },
		} {
			_, id, token := s.newcomer(name)
			s.promote(admin, id, "instructor")
			before, after := s.beginUpload(token, name+"/before"), s.beginUpload(token, name+"/after")
			require.Equal(t, 200, s.arrive(before), name)
			take(id, token)
			time.Sleep(time.Second)
			status := s.arrive(after)
			if embedded {
				require.Equal(t, 403, status, name)
				require.False(t, s.holdsObject(after.object), name)
				require.NotEqual(t, 200, s.arrive(before), "%s: nor again what has arrived", name)
			}
			for _, up := range []begunUpload{before, after} {
				a := s.call("POST", "/storage/uploads/"+up.str("id")+"/complete", token, nil)
				require.Contains(t, []int{401, 403}, a.Status, "%s: %s", name, a.Raw)
				if name == "demoted" {
					require.Equal(t, "forbidden", a.str("code"))
					require.False(t, s.holdsObject(up.object), "complete removes the object")
				}
			}
			if name == "demoted" {
				s.promote(admin, id, "instructor")
				s.want(404, "POST", "/storage/uploads/"+before.str("id")+"/complete", token, nil)
				again := s.beginUpload(token, name+"/before")
				require.Equal(t, 200, s.arrive(again), "the key is free")
				s.want(200, "POST", "/storage/uploads/"+again.str("id")+"/complete", token, nil)
			} else {
				within(t, name+": the object goes", func() bool { return !s.holdsObject(before.object) })
			}
		}
		// What is there stays when its owner is demoted.
		require.NotEmpty(t, s.want(200, "GET", "/storage/assets?prefix=demoted/", admin, nil).items())
	})
}

func TestUploadInFlightEndsWithItsOwnersRights(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	admin := s.admin()
	_, id, token := s.newcomer("slow")
	s.promote(admin, id, "instructor")
	up := s.beginUpload(token, "slow")
	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, up.str("upload.url"), body)
	require.NoError(t, err)
	req.ContentLength = int64(len(up.content))
	req.Header.Set("Content-Type", "text/plain")
	answered := make(chan int, 1)
	go func() {
		res, err := client.Do(req)
		if err != nil {
			answered <- 0
			return
		}
		_ = res.Body.Close()
		answered <- res.StatusCode
	}()
	_, err = feed.Write([]byte(up.content[:5]))
	require.NoError(t, err)
	s.promote(admin, id, "member")
	_, err = feed.Write([]byte(up.content[5:]))
	require.NoError(t, err)
	require.NoError(t, feed.Close())
	require.Equal(t, 403, <-answered)
	require.False(t, s.holdsObject(up.object))
}

func TestLinksEndWithTheirAsset(t *testing.T) {
	onKinds(t, func(t *testing.T, vars map[string]string) {
		s := serveSite(t, vars)
		admin := s.admin()
		embedded := vars["S3_ENDPOINT"] == ""
		for name, remove := range map[string]func(asset, owner string){
			"by hand":        func(asset, _ string) { s.want(204, "DELETE", "/storage/assets/"+asset, admin, nil) },
			"with its owner": func(_, owner string) { s.want(204, "DELETE", "/admin/users/"+owner, admin, nil) },
		} {
			_, id, token := s.newcomer(strings.ReplaceAll(name, " ", "."))
			s.promote(admin, id, "instructor")
			up := s.beginUpload(token, name)
			require.Equal(t, 200, s.arrive(up))
			asset := s.want(200, "POST", "/storage/uploads/"+up.str("id")+"/complete", token, nil).str("id")
			link := s.want(200, "GET", "/storage/sign?expires_in=3600&key="+url.QueryEscape(name), token, nil).str("url")
			status := func(headers ...header) int { return s.call("GET", link, "", nil, headers...).Status }
			require.Equal(t, 200, status())
			require.Equal(t, 206, status(header{"Range": "bytes=0-3"}))
			remove(asset, id)
			within(t, name, func() bool { return status() == 404 && status(header{"Range": "bytes=0-3"}) == 404 })
			require.Eventually(t, func() bool { return !s.holdsObject(up.object) }, 15*time.Second, 50*time.Millisecond, name)
			if embedded {
				require.Equal(t, 403, s.arrive(up), "the upload URL brings nothing back")
				require.Equal(t, 404, status(), name)
			}
		}
	})
}

// The object may be there a while longer than its asset: no link serves it.
func TestLinksEndBeforeTheirObject(t *testing.T) {
	t.Parallel()
	s := serveSite(t, nil)
	admin := s.admin()
	up := s.beginUpload(admin, "outlived")
	require.Equal(t, 200, s.arrive(up))
	s.want(200, "POST", "/storage/uploads/"+up.str("id")+"/complete", admin, nil)
	link := s.want(200, "GET", "/storage/sign?key=outlived", admin, nil).str("url")
	s.want(200, "GET", link, "", nil)
	s.want(204, "DELETE", "/storage/assets/"+up.str("id"), admin, nil)
	within(t, "the object goes", func() bool { return !s.holdsObject(up.object) })
	ctx := context.Background()
	require.NoError(t, s.run.Parts.Blobs.Put(ctx, up.object, strings.NewReader("back"), 4, "text/plain"))
	s.refused(404, "not-found", "GET", link, "", nil)
}
