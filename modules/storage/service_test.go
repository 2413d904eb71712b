package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/apperr"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyset"
)

// sendRequest makes a request as a client with a signed URL would.
func sendRequest(t *testing.T, method, url string, headers map[string]string, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(b)
}

// F4: whoever may not read a key learns nothing of it.
func TestWhoGetsALink(t *testing.T) {
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

func TestARefusalThatSaysMoreIsPassedOn(t *testing.T) {
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

func TestDeleting(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.storeAsset("a.txt")
		require.Equal(t, "not-found", problemCode(t, w.removeAsset(w.contextOf(other), a.ID)), "they can not see it")
		require.Equal(t, "not-found", problemCode(t, w.removeAsset(w.contextOf(teacher), ids.New())))
		require.Equal(t, "not-found", problemCode(t, w.removeAsset(w.contextOf(teacher), "x")))
		w.referrer.mayRead = func(identity.Caller, string) (bool, error) { return true, nil }
		require.Equal(t, "forbidden", problemCode(t, w.removeAsset(w.contextOf(other), a.ID)), "they can see it in a lesson")
		require.Equal(t, "precondition-failed", problemCode(t, w.removeAsset(db.ExpectVersion(w.contextOf(teacher), `"7.x"`), a.ID)))

		use := storageapi.Use{Type: "lesson", ID: ids.New(), CourseID: ids.New(), Title: "First"}
		w.referrer.uses = func(keys []string) (map[string][]storageapi.Use, error) {
			return map[string][]storageapi.Use{"a.txt": {use}}, nil
		}
		err := w.removeAsset(w.contextOf(teacher), a.ID)
		require.Equal(t, "asset-in-use", problemCode(t, err))
		e, _ := apperr.As(err)
		require.Equal(t, []storageapi.Use{use}, e.Extra["used_by"])
		require.Empty(t, w.takeActions())

		w.referrer.uses = nil
		require.NoError(t, w.db.InTx(w.contextOf(admin), func(ctx context.Context) error {
			require.NoError(t, w.removeAsset(ctx, a.ID))
			require.True(t, w.objectExists(a.ObjectID), "until the commit nothing is lost")
			return nil
		}))
		require.Equal(t, []string{"asset.deleted"}, w.takeActions())
		w.runWorkers()
		require.False(t, w.objectExists(a.ObjectID))
		require.Equal(t, "not-found", problemCode(t, w.removeAsset(w.contextOf(teacher), a.ID)))
		w.storeAsset("a.txt")
	})
}

// Who still has the upload URL may bring the object back; it must not stay for ever.
func TestADeletedObjectThatComesBackGoesAgain(t *testing.T) {
	w := onSQLite(t)
	a := w.storeAsset("a.txt")
	require.NoError(t, w.removeAsset(w.contextOf(teacher), a.ID))
	w.runWorkers()
	w.putObject(a, hello, "text/plain")
	w.clock.Advance(uploadURLLife + maxTransferTime + time.Minute)
	w.runWorkers()
	require.False(t, w.objectExists(a.ObjectID))
	require.Zero(t, w.countRows("storage_trash"))
}

func TestGivingUpAnUploadFreesItsKey(t *testing.T) {
	w := onSQLite(t)
	a := w.mustBeginUpload(textUpload("a.txt"))
	w.referrer.uses = func([]string) (map[string][]storageapi.Use, error) {
		return map[string][]storageapi.Use{"a.txt": {{Type: "lesson"}}}, nil
	}
	require.Equal(t, "not-found", problemCode(t, w.removeAsset(w.contextOf(other), a.ID)))
	require.NoError(t, w.removeAsset(w.contextOf(teacher), a.ID))
	w.mustBeginUpload(textUpload("a.txt"))
}

func TestUsableAndKept(t *testing.T) {
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

func TestStoringFromTheServerItself(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := w.contextOf(identity.Caller{UserID: teacher.UserID, Via: "cli"})
		put := func(ctx context.Context, key, body string) error {
			return w.PutFile(ctx, teacher.UserID, key, "video/mp4", int64(len(body)), strings.NewReader(body))
		}
		require.NoError(t, put(ctx, "a.mp4", "first"))
		require.NoError(t, put(ctx, "a.mp4", "second"), "an existing key is kept")
		require.Equal(t, []string{"asset.uploaded"}, w.takeActions())
		a, err := w.findAsset(ctx, "a.mp4")
		require.NoError(t, err)
		require.Equal(t, "first", w.readObject(a.ObjectID))

		w.mustBeginUpload(textUpload("busy.txt"))
		require.Equal(t, "key-taken", problemCode(t, put(ctx, "busy.txt", "x")))
		require.Error(t, put(ctx, "../x", "x"))
		require.Error(t, w.PutFile(ctx, teacher.UserID, "short", "text/plain", 99, strings.NewReader("x")))
		_, err = w.store.findByKey(ctx, "short")
		require.True(t, db.IsNotFound(err), "what failed frees its key")
		require.Zero(t, w.countRows("storage_trash"))
		require.NoError(t, put(ctx, "short", "x"), "and is begun again at once")
	})
}

// An object in the trash whose name is taken again stays.
func TestStoringAgainWhatWasDeleted(t *testing.T) {
	w := onSQLite(t)
	for _, body := range []string{"one", "two"} {
		require.NoError(t, w.PutFile(w.contextOf(teacher), teacher.UserID, "demo.mp4", "video/mp4", 3, strings.NewReader(body)))
		a, err := w.findAsset(t.Context(), "demo.mp4")
		require.NoError(t, err)
		require.Equal(t, body, w.readObject(a.ObjectID))
		if body == "one" {
			require.NoError(t, w.removeAsset(w.contextOf(teacher), a.ID))
		}
	}
	w.clock.Advance(48 * time.Hour)
	w.runWorkers()
	a, err := w.findAsset(t.Context(), "demo.mp4")
	require.NoError(t, err)
	require.True(t, w.objectExists(a.ObjectID))
}

func TestListing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, key := range []string{"a_b/1", "a%b/2", "A_B/3", "日本/4"} {
			w.storeAsset(key)
		}
		last := string(utf8.MaxRune)
		for _, key := range []string{"x\uD7FF", "x\uE000", "x" + last, "x" + last + last, "y"} {
			w.storeAsset(key)
		}
		w.mustBeginUpload(textUpload("pending"))
		keys := func(uploader, prefix string, after *keyset.Position, limit int) (out []string) {
			found, err := w.store.list(t.Context(), uploader, prefix, after, limit)
			require.NoError(t, err)
			for _, a := range found {
				out = append(out, a.Key)
			}
			return out
		}
		require.Equal(t, []string{"y", "x" + last + last, "x" + last, "x\uE000", "x\uD7FF"}, keys("", "", nil, 5))
		require.Equal(t, []string{"x" + last + last, "x" + last, "x\uE000", "x\uD7FF"}, keys("", "x", nil, 10))
		require.Equal(t, []string{"x\uD7FF"}, keys("", "x\uD7FF", nil, 10))
		require.Equal(t, []string{"x" + last + last, "x" + last}, keys("", "x"+last, nil, 10))
		require.Empty(t, keys("", last, nil, 10))
		require.Equal(t, []string{"a_b/1"}, keys(teacher.UserID, "a_", nil, 10), "a prefix is no pattern and minds case")
		require.Equal(t, []string{"a%b/2"}, keys("", "a%", nil, 10))
		require.Equal(t, []string{"日本/4"}, keys("", "日", nil, 10))
		require.Empty(t, keys(other.UserID, "", nil, 10))

		// A page asks its questions once, however long it is.
		asked := 0
		w.referrer.uses = func(keys []string) (map[string][]storageapi.Use, error) { asked++; return nil, nil }
		ctx, queries := db.CountStatements(t.Context())
		found, err := w.store.list(ctx, "", "", nil, 10)
		require.NoError(t, err)
		_, err = w.loadViewData(ctx, found)
		require.NoError(t, err)
		require.EqualValues(t, 1, queries.Load())
		require.Equal(t, 1, asked)
	})
}

func TestMigrationsGoDownAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, m := range slices.Backward(Migrations) {
			for _, statement := range m.Down {
				require.NoError(t, w.db.Conn(t.Context()).Exec(statement).Error)
			}
		}
		require.False(t, w.db.Conn(t.Context()).Migrator().HasTable("storage_assets"))
	})
}

func TestWorkersAreNamed(t *testing.T) {
	var names []string
	for _, worker := range newWorkers(onSQLite(t).Service) {
		names = append(names, worker.Name)
	}
	require.Equal(t, "[storage.empty_trash storage.clear_upload]", fmt.Sprint(names))
}
