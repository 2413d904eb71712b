package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Clients ask for the server's rules instead of guessing them.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	s := serveSite(t, map[string]string{"PASSWORD_MIN_LENGTH": "10", "UPLOAD_MAX_BYTES": "1000", "UPLOAD_CONTENT_TYPES": "text/plain,video/mp4", "STORAGE_QUOTA_BYTES": "5000"})
	a := s.want(200, "GET", "/capabilities", "", nil)
	require.Less(t, len(a.Raw), 2000)
	require.NotEmpty(t, a.Header.Get("ETag"))
	require.Equal(t, map[string]any{"min_length": 10., "max_length": 128.}, a.get("passwords"))
	require.Equal(t, map[string]any{"content_types": []any{"text/plain", "video/mp4"}, "max_bytes": 1000., "quota_bytes": 5000.}, a.get("uploads"))
	require.Contains(t, a.get("modules"), "courses")

	bare := serveSite(t, map[string]string{"MODULES_DISABLED": "storage,courses"}).want(200, "GET", "/capabilities", "", nil)
	require.Nil(t, bare.get("uploads"))
	require.NotContains(t, bare.get("modules"), "courses")
	require.Less(t, len(s.want(200, "GET", "/capabilities", "", nil).Raw), 2000)
}
