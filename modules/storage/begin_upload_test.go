package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/blob/s3"
	"lyceum/platform/db"
	"lyceum/platform/ids"
	"lyceum/platform/testkit"
)

func TestAnUploadBecomesAnAsset(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		sum := sha256.Sum256([]byte(hello))
		n := textUpload("notes/hello.txt")
		n.SHA256 = strings.ToUpper(hex.EncodeToString(sum[:]))
		a, signed, err := w.beginUpload(w.contextOf(teacher), n)
		require.NoError(t, err)
		require.Equal(t, "PUT", signed.Method)
		require.Contains(t, signed.URL, a.ObjectID)
		require.WithinDuration(t, time.Now().Add(uploadURLLife), a.ExpiresAt.StdTime(), time.Minute)
		require.Empty(t, w.takeActions(), "the start of an upload is not audited")

		_, err = w.completeUpload(w.contextOf(teacher), a.ID)
		require.Equal(t, "upload-incomplete", problemCode(t, err))
		w.putObject(a, hello, "text/plain")
		for range 2 {
			done, err := w.completeUpload(w.contextOf(teacher), a.ID)
			require.NoError(t, err)
			require.Equal(t, statusCompleted, done.Status)
		}
		require.Equal(t, []string{"asset.uploaded"}, w.takeActions(), "again is no second entry")
		r, err := w.loadViewData(t.Context(), []asset{*a})
		require.NoError(t, err)
		views := newAssetViews([]asset{*a}, r)
		require.Equal(t, "Tea", views[0].Uploader.DisplayName)
		require.NotNil(t, views[0].UsedBy)
	})
}

func TestDeclarations(t *testing.T) {
	w := onSQLite(t)
	for location, n := range map[string]newUpload{
		"body.key":          {Key: "../a", ContentType: "text/plain", Size: 1},
		"body.content_type": {Key: "a", ContentType: "text/html", Size: 1},
		"body.size":         {Key: "a", ContentType: "text/plain", Size: w.config.MaxBytes + 1},
	} {
		_, _, err := w.beginUpload(w.contextOf(teacher), n)
		require.Equal(t, "validation-failed", problemCode(t, err))
		e, _ := apperr.As(err)
		require.Len(t, e.Fields, 1)
		require.Equal(t, location, e.Fields[0].AbsoluteLocation())
	}
	_, _, err := w.beginUpload(w.contextOf(teacher), newUpload{})
	e, _ := apperr.As(err)
	require.Len(t, e.Fields, 3, "all faults are named at once")
	a, _, err := w.beginUpload(w.contextOf(teacher), newUpload{Key: "a", ContentType: "Text/Plain", Size: w.config.MaxBytes})
	require.NoError(t, err)
	require.Equal(t, "text/plain", a.ContentType)
}

func TestAKeyIsTakenUntilTheURLEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		first := w.mustBeginUpload(textUpload("a.txt"))
		for range 2 {
			_, _, err := w.beginUpload(w.contextOf(other), textUpload("a.txt"))
			require.Equal(t, "key-taken", problemCode(t, err))
			w.clock.Advance(uploadURLLife / 2)
		}
		w.clock.Advance(time.Minute)
		w.putObject(first, hello, "text/plain")
		second, _, err := w.beginUpload(w.contextOf(other), textUpload("a.txt"))
		require.NoError(t, err)
		_, err = w.completeUpload(w.contextOf(teacher), first.ID)
		require.Equal(t, "not-found", problemCode(t, err), "another has the key now")
		w.runWorkers()
		require.False(t, w.objectExists(first.ObjectID), "what the first had brought goes")

		w.putObject(second, hello, "text/plain")
		_, err = w.completeUpload(w.contextOf(other), second.ID)
		require.NoError(t, err)
		w.clock.Advance(30 * 24 * time.Hour)
		_, _, err = w.beginUpload(w.contextOf(teacher), textUpload("a.txt"))
		require.Equal(t, "key-taken", problemCode(t, err))
		_, _, err = w.beginUpload(w.contextOf(teacher), textUpload("A.txt"))
		require.NoError(t, err, "keys are compared by bytes")
	})
}

func TestOfTwoUploadsAtOnceOneGetsTheKey(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for round := range testkit.Rounds(200) {
			key := "race/" + ids.New()
			if round%2 == 1 { // one that gives way to both
				w.mustBeginUpload(textUpload(key))
				w.clock.Advance(uploadURLLife + time.Second)
			}
			results := runAtOnce(8, func(int) error {
				_, _, err := w.beginUpload(w.contextOf(teacher), textUpload(key))
				return err
			})
			won := 0
			for _, err := range results {
				if c := problemCode(t, err); c == "" {
					won++
				} else {
					require.Equal(t, "key-taken", c)
				}
			}
			require.Equal(t, 1, won)
		}
	})
}

func runAtOnce(n int, do func(i int) error) []error {
	results := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { results[i] = do(i) })
	}
	wg.Wait()
	return results
}

func TestCompletingTwiceAtOnceIsOneEntry(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for range testkit.Rounds(100) {
			a := w.mustBeginUpload(textUpload("race/" + ids.New()))
			w.putObject(a, hello, "text/plain")
			for _, err := range runAtOnce(6, func(int) error {
				_, err := w.completeUpload(w.contextOf(teacher), a.ID)
				return err
			}) {
				require.NoError(t, err)
			}
			require.Equal(t, []string{"asset.uploaded"}, w.takeActions())
		}
	})
}

func TestWhatDiffersIsRemoved(t *testing.T) {
	w := onSQLite(t)
	sum := sha256.Sum256([]byte(hello))
	for name, c := range map[string]struct{ body, contentType string }{
		"size":     {hello + "!", "text/plain"},
		"type":     {hello, "text/html"},
		"checksum": {strings.ToUpper(hello), "text/plain"},
		"content":  {"<html>" + hello[6:], "text/plain"},
	} {
		n := textUpload("differs/" + name)
		n.SHA256 = hex.EncodeToString(sum[:])
		a := w.mustBeginUpload(n)
		w.putObject(a, c.body, c.contentType)
		_, err := w.completeUpload(w.contextOf(teacher), a.ID)
		require.Equal(t, "upload-mismatch", problemCode(t, err), name)
		require.False(t, w.objectExists(a.ObjectID), name)
		_, err = w.completeUpload(w.contextOf(teacher), a.ID)
		require.Equal(t, "upload-incomplete", problemCode(t, err), name)
		w.putObject(a, hello, "text/plain")
		_, err = w.completeUpload(w.contextOf(teacher), a.ID)
		require.NoError(t, err, name)
	}
	require.Len(t, w.takeActions(), 4)
}

// A slow check must not delete what another has completed meanwhile.
func TestAnObjectReplacedMeanwhileIsLookedAtAgain(t *testing.T) {
	w := onSQLite(t)
	a := w.mustBeginUpload(textUpload("a.txt"))
	w.putObject(a, "<html>"+hello[6:], "text/plain")
	swapped := false
	w.blobs = &hookedStore{Store: w.blobs, afterPrefix: func() {
		if !swapped {
			swapped = true
			w.putObject(a, hello, "text/plain")
		}
	}}
	_, err := w.completeUpload(w.contextOf(teacher), a.ID)
	require.NoError(t, err)
	require.Equal(t, hello, w.readObject(a.ObjectID))

	b := w.mustBeginUpload(textUpload("b.txt"))
	w.putObject(b, hello, "text/plain")
	odd := false
	w.blobs = &hookedStore{Store: w.blobs, afterPrefix: func() {
		odd = !odd
		body := map[bool]string{true: hello, false: strings.ToUpper(hello)}[!odd]
		w.putObject(b, body, "text/plain")
	}}
	_, err = w.completeUpload(w.contextOf(teacher), b.ID)
	require.Equal(t, "unavailable", problemCode(t, err), "one that never stands still")
}

type hookedStore struct {
	blob.Store
	afterPrefix func()
}

func (s *hookedStore) ReadPrefix(ctx context.Context, id string, n int) ([]byte, error) {
	b, err := s.Store.ReadPrefix(ctx, id, n)
	s.afterPrefix()
	return b, err
}

func TestOnlyItsUploaderCompletes(t *testing.T) {
	w := onSQLite(t)
	a := w.mustBeginUpload(textUpload("a.txt"))
	w.putObject(a, hello, "text/plain")
	_, err := w.completeUpload(w.contextOf(admin), a.ID)
	require.Equal(t, "forbidden", problemCode(t, err), "an administrator may see it")
	_, err = w.completeUpload(w.contextOf(other), a.ID)
	require.Equal(t, "not-found", problemCode(t, err))
	for _, id := range []string{"", "x", ids.New()} {
		_, err = w.completeUpload(w.contextOf(teacher), id)
		require.Equal(t, "not-found", problemCode(t, err))
	}
}

func TestTheQuotaCountsWhatIsUnderWay(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.config.QuotaBytes = int64(len(hello)) * 3
		w.storeAsset("a.txt")
		results := runAtOnce(6, func(int) error {
			_, _, err := w.beginUpload(w.contextOf(teacher), textUpload("race/"+ids.New()))
			return err
		})
		won := 0
		for _, err := range results {
			if c := problemCode(t, err); c == "" {
				won++
			} else {
				require.Equal(t, "quota-exceeded", c)
			}
		}
		require.Equal(t, 2, won)
		_, _, err := w.beginUpload(w.contextOf(teacher), textUpload("a.txt"))
		require.Equal(t, "key-taken", problemCode(t, err), "the key is looked at first")
		_, _, err = w.beginUpload(w.contextOf(other), textUpload("b.txt"))
		require.NoError(t, err, "another's sum")
		w.clock.Advance(uploadURLLife + completionGrace + time.Second)
		w.runWorkers()
		_, _, err = w.beginUpload(w.contextOf(teacher), textUpload("c.txt"))
		require.NoError(t, err, "what was abandoned counts no more")
	})
}

// What is deleted while its URL lives may come back, so it takes room until then; and if it does,
// it goes soon after.
func TestWhatMayComeBackStillCounts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.config.QuotaBytes = int64(len(hello)) * 2
		a := w.storeAsset("a.txt")
		require.NoError(t, w.removeAsset(w.contextOf(teacher), a.ID))
		w.runWorkers()
		w.mustBeginUpload(textUpload("b.txt"))
		_, _, err := w.beginUpload(w.contextOf(teacher), textUpload("c.txt"))
		require.Equal(t, "quota-exceeded", problemCode(t, err))
		w.putObject(a, hello, "text/plain")
		w.clock.Advance(uploadURLLife + 2*time.Minute)
		w.mustBeginUpload(textUpload("c.txt"))
		w.runWorkers()
		require.False(t, w.objectExists(a.ObjectID))
		require.EqualValues(t, 1, w.countRows("storage_trash"), "a transfer that was begun in time may still end")
		w.clock.Advance(maxTransferTime)
		w.runWorkers()
		left, err := w.store.lockDueTrash(t.Context(), a.ObjectID, w.clock.Now().Add(maxTransferTime))
		require.NoError(t, err)
		require.Nil(t, left)
	})
}

// An upload that nobody completes goes, and its object with it, whenever that arrives.
func TestAbandonedUploadsAreCleared(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.mustBeginUpload(textUpload("a.txt"))
		late := w.mustBeginUpload(textUpload("late.txt"))
		w.putObject(a, hello, "text/plain")
		w.clock.Advance(uploadURLLife + completionGrace - time.Minute)
		w.runWorkers()
		w.putObject(late, hello, "text/plain")
		_, err := w.completeUpload(w.contextOf(teacher), late.ID)
		require.NoError(t, err, "late, but nobody took the key")

		w.clock.Advance(2 * time.Minute)
		w.runWorkers() // the trash first, then uploads
		w.runWorkers()
		require.EqualValues(t, 1, w.countRows("storage_assets"))
		require.False(t, w.objectExists(a.ObjectID))
		w.putObject(a, hello, "text/plain") // a transfer that was begun in time and ends only now
		w.runWorkers()
		require.EqualValues(t, 1, w.countRows("storage_trash"))
		w.clock.Advance(maxTransferTime)
		w.runWorkers()
		require.False(t, w.objectExists(a.ObjectID))
		require.Zero(t, w.countRows("storage_trash"))
		require.True(t, w.objectExists(late.ObjectID))
		require.NoError(t, w.clearUpload(t.Context(), ids.New()), "one that is gone")
		require.NoError(t, w.clearUpload(t.Context(), late.ID))
		require.True(t, w.objectExists(late.ObjectID), "completed ones stay")
	})
}

// brokenStore fails as it is told to.
type brokenStore struct {
	blob.Store
	err error
}

func (s *brokenStore) Stat(context.Context, string) (blob.Info, error) { return blob.Info{}, s.err }

func (s *brokenStore) PresignPut(context.Context, string, blob.PutRequest) (blob.Signed, error) {
	return blob.Signed{}, s.err
}

func (s *brokenStore) PresignGet(context.Context, string, blob.GetRequest) (blob.Signed, error) {
	return blob.Signed{}, s.err
}

func (s *brokenStore) Delete(context.Context, string) error { return s.err }

func TestAStoreThatIsAway(t *testing.T) {
	w := onSQLite(t)
	a := w.mustBeginUpload(textUpload("a.txt"))
	b := w.storeAsset("b.txt")
	for want, err := range map[string]error{"unavailable": errors.New("no route"), "storage-full": blob.ErrFull} {
		w.blobs = &brokenStore{Store: w.blobs, err: err}
		_, err = w.completeUpload(w.contextOf(teacher), a.ID)
		require.Equal(t, want, problemCode(t, err))
		_, _, err = w.beginUpload(w.contextOf(teacher), textUpload("c.txt"))
		require.Equal(t, want, problemCode(t, err))
		_, err = w.signURL(w.contextOf(teacher), "b.txt", time.Minute)
		require.Equal(t, want, problemCode(t, err))
	}
	require.NoError(t, w.removeAsset(w.contextOf(teacher), b.ID), "the object can wait")
	require.Error(t, w.deleteTrashed(t.Context(), b.ObjectID))
	require.EqualValues(t, 1, w.countRows("storage_trash"), "and is not forgotten")
	require.ErrorIs(t, explainStoreError(context.Canceled), context.Canceled)
}

// TestOnMinIO runs the whole life of an asset against a real S3 server, by its signed URLs.
func TestOnMinIO(t *testing.T) {
	info := testkit.MinIO(t)
	store, err := s3.New(s3.Config{
		Endpoint: info.Endpoint, Bucket: info.Bucket, AccessKey: info.AccessKey, SecretKey: info.SecretKey,
		Region: info.Region,
	})
	require.NoError(t, err)
	require.NoError(t, store.PrepareBucket(t.Context()))
	w := newWorld(t, db.Options{URL: testkit.Postgres(t), MaxConns: 8}, store)

	sum := sha256.Sum256([]byte(hello))
	n := textUpload("notes/grüße.txt")
	n.SHA256 = hex.EncodeToString(sum[:])
	a, signed, err := w.beginUpload(w.contextOf(teacher), n)
	require.NoError(t, err)
	_, err = w.completeUpload(w.contextOf(teacher), a.ID)
	require.Equal(t, "upload-incomplete", problemCode(t, err))
	status, _ := sendRequest(t, signed.Method, signed.URL, signed.Headers, strings.ToUpper(hello))
	require.NotEqual(t, 200, status, "the store compares the checksum")
	status, _ = sendRequest(t, signed.Method, signed.URL, signed.Headers, hello)
	require.Equal(t, 200, status)
	_, err = w.completeUpload(w.contextOf(teacher), a.ID)
	require.NoError(t, err)
	status, _ = sendRequest(t, signed.Method, signed.URL, signed.Headers, hello)
	require.Equal(t, 412, status, "what was checked can't be swapped")

	l, err := w.signURL(w.contextOf(teacher), n.Key, time.Minute)
	require.NoError(t, err)
	status, body := sendRequest(t, l.Method, l.URL, nil, "")
	require.Equal(t, 200, status)
	require.Equal(t, hello, body)

	bad := newUpload{Key: "cover.png", ContentType: "image/png", Size: int64(len(hello))}
	b, signed, err := w.beginUpload(w.contextOf(teacher), bad)
	require.NoError(t, err)
	status, _ = sendRequest(t, signed.Method, signed.URL, signed.Headers, hello)
	require.Equal(t, 200, status)
	_, err = w.completeUpload(w.contextOf(teacher), b.ID)
	require.Equal(t, "upload-mismatch", problemCode(t, err))
	require.False(t, w.objectExists(b.ObjectID))

	require.NoError(t, w.removeAsset(w.contextOf(teacher), a.ID))
	w.runWorkers()
	require.False(t, w.objectExists(a.ObjectID))
}
