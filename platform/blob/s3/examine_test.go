package s3

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lyceum/platform/blob"
	"lyceum/platform/testkit"
)

func TestCheckAccess(t *testing.T) {
	require.NoError(t, newTestStore(t).CheckAccess(t.Context()))
	info := testkit.MinIO(t)
	missing, err := New(configOf(info))
	require.NoError(t, err)
	require.ErrorContains(t, missing.CheckAccess(t.Context()), "does not exist")
	exists, err := missing.bucketExists(t.Context())
	require.NoError(t, err)
	require.False(t, exists, "it is not made by asking")
}

func TestViewAsBrowser(t *testing.T) {
	view, err := newTestStore(t).ViewAsBrowser(t.Context(), "https://lyceum.example.org")
	require.NoError(t, err)
	require.True(t, view.MayUpload, "MinIO lets every page upload")
	require.WithinDuration(t, time.Now(), view.Time, 3*time.Second)

	for allowed, want := range map[string]bool{"https://lyceum.example.org": true, "https://other.example.org": false, "": false} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			require.Equal(t, []string{"OPTIONS", "PUT"}, []string{r.Method, r.Header.Get("Access-Control-Request-Method")})
			w.Header().Set("Access-Control-Allow-Origin", allowed)
		}))
		info := testkit.S3Info{Endpoint: strings.TrimPrefix(server.URL, "http://"), Bucket: "bucket", AccessKey: "a", SecretKey: "b"}
		store, err := New(configOf(info))
		require.NoError(t, err)
		view, err := store.ViewAsBrowser(t.Context(), "https://lyceum.example.org")
		server.Close()
		require.NoError(t, err)
		require.Equal(t, want, view.MayUpload, allowed)
	}
}

// TestAnObjectInParts puts an object that is larger than one request may be.
func TestAnObjectInParts(t *testing.T) {
	s := newTestStore(t)
	s.maxSinglePut = 5 << 20
	content := bytes.Repeat([]byte("0123456789abcdef"), 20<<20/16)
	id := uuid.NewString()
	require.NoError(t, s.Put(t.Context(), id, bytes.NewReader(content), int64(len(content)), "video/mp4"))
	info, err := s.Stat(t.Context(), id)
	require.NoError(t, err)
	require.EqualValues(t, len(content), info.Size)
	require.Equal(t, "video/mp4", info.ContentType)
	r, err := s.Open(t.Context(), id)
	require.NoError(t, err)
	defer r.Close()
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.True(t, bytes.Equal(content, got))
	require.ErrorIs(t, s.Put(t.Context(), id, bytes.NewReader(content[1:]), int64(len(content)), "video/mp4"), blob.ErrMismatch)
}
