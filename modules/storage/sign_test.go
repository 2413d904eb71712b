package storage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/identity"
)

// Learners learn nothing of keys that they may not read; instructors learn which are free.
func TestWhoGetsASignedURL(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.storeAsset("notes/a.txt")
		w.mustBeginUpload(textUpload("pending.txt"))
		for _, c := range []struct {
			caller    identity.Caller
			key, want string
		}{
			{teacher, "notes/a.txt", ""}, {admin, "notes/a.txt", ""}, {student, "notes/a.txt", "forbidden"},
			{other, "notes/a.txt", "forbidden"},
			{teacher, "none", "not-found"}, {admin, "none", "not-found"}, {
				other, "none", "not-found",
			}, {student, "none", "forbidden"},
			{teacher, "pending.txt", "not-found"}, {student, "pending.txt", "forbidden"}, {
				student, "../x", "forbidden",
			}, {teacher, "../x", "not-found"},
		} {
			_, err := w.signURL(w.contextOf(c.caller), c.key, time.Minute)
			require.Equal(t, c.want, problemCode(t, err), "%s asks for %s", c.caller.Role, c.key)
		}
		w.referrer.mayRead = func(caller identity.Caller, key string) (bool, error) { return caller == student, nil }
		l, err := w.signURL(w.contextOf(student), "notes/a.txt", 90*time.Second)
		require.NoError(t, err)
		require.Equal(t, "GET", l.Method)
		require.Contains(t, l.URL, "filename=a.txt")
		require.WithinDuration(t, time.Now().Add(90*time.Second), l.ExpiresAt.StdTime(), 10*time.Second)
		_, err = w.signURL(w.contextOf(student), "none", time.Minute)
		require.Equal(t, "not-found", problemCode(t, err), "they could read it if it were there")
	})
}
