package s3

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
