package storage

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/apperr"
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

func TestADenialThatSaysMoreIsPassedOn(t *testing.T) {
	w := onSQLite(t)
	w.storeAsset("a.txt")
	locked := apperr.Problem{
		Kind: apperr.KindForbidden, Code: "lesson-locked", Title: "Locked", Meaning: "Wait.",
	}.New("Not yet.").WithMember("locked_by", []string{"x"})
	w.referrer.mayRead = func(identity.Caller, string) (bool, error) { return false, locked }
	_, err := w.signURL(w.contextOf(student), "a.txt", time.Minute)
	require.Equal(t, "lesson-locked", problemCode(t, err))
	w.keyReferrers = append(w.keyReferrers,
		&fakeKeyReferrer{mayRead: func(identity.Caller, string) (bool, error) { return true, nil }})
	_, err = w.signURL(w.contextOf(student), "a.txt", time.Minute)
	require.NoError(t, err, "one yes is enough")

	broken := errors.New("broken")
	w.referrer.mayRead = func(identity.Caller, string) (bool, error) { return false, broken }
	_, err = w.signURL(w.contextOf(student), "a.txt", time.Minute)
	require.ErrorIs(t, err, broken)
	_, err = w.signURL(w.contextOf(other), "none", time.Minute)
	require.ErrorIs(t, err, broken, "no 404 by mistake")
}

func TestAUsableAssetCantBeDeletedMeanwhile(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.storeAsset("a.txt")
		w.mustBeginUpload(textUpload("pending.txt"))
		for _, c := range []struct {
			caller identity.Caller
			key    string
			want   bool
		}{
			{teacher, "a.txt", true}, {admin, "a.txt", true}, {other, "a.txt", false}, {identity.Caller{}, "a.txt", false},
			{teacher, "pending.txt", false}, {teacher, "none", false}, {teacher, "../a", false}, {teacher, "a\x00", false},
		} {
			ok, err := w.MayUseKey(t.Context(), c.caller, c.key)
			require.NoError(t, err)
			require.Equal(t, c.want, ok, "%s: %q", c.caller.Role, c.key)
		}
		// A lesson that begins to use a file and the file's deletion: one of them comes too late.
		used := make(chan struct{})
		w.referrer.uses = func([]string) (map[string][]storageapi.Use, error) {
			select {
			case <-used:
				return map[string][]storageapi.Use{"a.txt": {{Type: "lesson"}}}, nil
			default:
				return nil, nil
			}
		}
		deleted := make(chan error, 1)
		err := w.db.InTx(t.Context(), func(ctx context.Context) error {
			ok, err := w.MayUseKey(ctx, teacher, "a.txt")
			require.True(t, ok)
			go func() { deleted <- w.removeAsset(w.contextOf(teacher), a.ID) }()
			time.Sleep(50 * time.Millisecond)
			close(used)
			return err
		})
		require.NoError(t, err)
		require.Equal(t, "asset-in-use", problemCode(t, <-deleted))
	})
}
