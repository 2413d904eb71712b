package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// Clients ask for the server's rules instead of guessing them.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t,
		map[string]string{
			"PASSWORD_MIN_LENGTH": "10", "UPLOAD_MAX_BYTES": "1000",
			"UPLOAD_CONTENT_TYPES": "text/plain,video/mp4", "STORAGE_QUOTA_BYTES": "5000",
		})
	a := s.Want(200, "GET", "/capabilities", "", nil)
	require.Less(t, len(a.Raw), 2000)
	require.NotEmpty(t, a.Header.Get("ETag"))
	require.Equal(t, map[string]any{"min_length": 10., "max_length": 128.}, a.Get("passwords"))
	require.Equal(t,
		map[string]any{"content_types": []any{"text/plain", "video/mp4"}, "max_bytes": 1000., "quota_bytes": 5000.},
		a.Get("uploads"))
	require.Contains(t, a.Get("modules"), "courses")

	bare := sitetest.Start(t, map[string]string{"MODULES_DISABLED": "storage,courses"}).Want(200, "GET",
		"/capabilities", "", nil)
	require.Nil(t, bare.Get("uploads"))
	require.NotContains(t, bare.Get("modules"), "courses")
	require.Less(t, len(s.Want(200, "GET", "/capabilities", "", nil).Raw), 2000)
}
