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
		a, signed, err := w.beginUpload(w.as(teacher), n)
		require.NoError(t, err)
		require.Equal(t, "PUT", signed.Method)
		require.Contains(t, signed.URL, a.BlobID)
		require.WithinDuration(t, time.Now().Add(uploadURLLife), a.ExpiresAt.StdTime(), time.Minute)
		require.Empty(t, w.actions(), "the start of an upload is not audited")

		_, err = w.completeUpload(w.as(teacher), a.ID)
		require.Equal(t, "upload-incomplete", code(t, err))
		w.arrive(a, hello, "text/plain")
		for range 2 {
			done, err := w.completeUpload(w.as(teacher), a.ID)
			require.NoError(t, err)
			require.Equal(t, statusCompleted, done.Status)
		}
		require.Equal(t, []string{"asset.uploaded"}, w.actions(), "again is no second entry")
		r, err := w.findRelations(t.Context(), []asset{*a})
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
		"body.size":         {Key: "a", ContentType: "text/plain", Size: w.limits.Max + 1},
	} {
		_, _, err := w.beginUpload(w.as(teacher), n)
		require.Equal(t, "validation-failed", code(t, err))
		e, _ := apperr.As(err)
		require.Len(t, e.Fields, 1)
		require.Equal(t, location, e.Fields[0].AbsoluteLocation())
	}
	_, _, err := w.beginUpload(w.as(teacher), newUpload{})
	e, _ := apperr.As(err)
	require.Len(t, e.Fields, 3, "all faults are named at once")
	a, _, err := w.beginUpload(w.as(teacher), newUpload{Key: "a", ContentType: "Text/Plain", Size: w.limits.Max})
	require.NoError(t, err)
	require.Equal(t, "text/plain", a.ContentType)
}

func TestAKeyIsTakenUntilTheURLEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		first := w.begun(textUpload("a.txt"))
		for range 2 {
			_, _, err := w.beginUpload(w.as(other), textUpload("a.txt"))
			require.Equal(t, "key-taken", code(t, err))
			w.clock.Advance(uploadURLLife / 2)
		}
		w.clock.Advance(time.Minute)
		w.arrive(first, hello, "text/plain")
		second, _, err := w.beginUpload(w.as(other), textUpload("a.txt"))
		require.NoError(t, err)
		_, err = w.completeUpload(w.as(teacher), first.ID)
		require.Equal(t, "not-found", code(t, err), "another has the key now")
		w.sweep()
		require.False(t, w.there(first.BlobID), "what the first had brought goes")

		w.arrive(second, hello, "text/plain")
		_, err = w.completeUpload(w.as(other), second.ID)
		require.NoError(t, err)
		w.clock.Advance(30 * 24 * time.Hour)
		_, _, err = w.beginUpload(w.as(teacher), textUpload("a.txt"))
		require.Equal(t, "key-taken", code(t, err))
		_, _, err = w.beginUpload(w.as(teacher), textUpload("A.txt"))
		require.NoError(t, err, "keys are compared by bytes")
	})
}

func TestOfTwoUploadsAtOnceOneGetsTheKey(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for round := range testkit.Rounds(200) {
			key := "race/" + ids.New()
			if round%2 == 1 { // one that gives way to both
				w.begun(textUpload(key))
				w.clock.Advance(uploadURLLife + time.Second)
			}
			results := atOnce(8, func(int) error {
				_, _, err := w.beginUpload(w.as(teacher), textUpload(key))
				return err
			})
			won := 0
			for _, err := range results {
				if c := code(t, err); c == "" {
					won++
				} else {
					require.Equal(t, "key-taken", c)
				}
			}
			require.Equal(t, 1, won)
		}
	})
}

func atOnce(n int, do func(i int) error) []error {
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
			a := w.begun(textUpload("race/" + ids.New()))
			w.arrive(a, hello, "text/plain")
			for _, err := range atOnce(6, func(int) error {
				_, err := w.completeUpload(w.as(teacher), a.ID)
				return err
			}) {
				require.NoError(t, err)
			}
			require.Equal(t, []string{"asset.uploaded"}, w.actions())
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
		a := w.begun(n)
		w.arrive(a, c.body, c.contentType)
		_, err := w.completeUpload(w.as(teacher), a.ID)
		require.Equal(t, "upload-mismatch", code(t, err), name)
		require.False(t, w.there(a.BlobID), name)
		_, err = w.completeUpload(w.as(teacher), a.ID)
		require.Equal(t, "upload-incomplete", code(t, err), name)
		w.arrive(a, hello, "text/plain")
		_, err = w.completeUpload(w.as(teacher), a.ID)
		require.NoError(t, err, name)
	}
	require.Len(t, w.actions(), 4)
}

// A slow check must not delete what another has completed meanwhile.
func TestAnObjectReplacedMeanwhileIsLookedAtAgain(t *testing.T) {
	w := onSQLite(t)
	a := w.begun(textUpload("a.txt"))
	w.arrive(a, "<html>"+hello[6:], "text/plain")
	swapped := false
	w.blobs = &swappedStore{Store: w.blobs, afterPrefix: func() {
		if !swapped {
			swapped = true
			w.arrive(a, hello, "text/plain")
		}
	}}
	_, err := w.completeUpload(w.as(teacher), a.ID)
	require.NoError(t, err)
	require.Equal(t, hello, w.content(a.BlobID))

	b := w.begun(textUpload("b.txt"))
	w.arrive(b, hello, "text/plain")
	odd := false
	w.blobs = &swappedStore{Store: w.blobs, afterPrefix: func() {
		odd = !odd
		body := map[bool]string{true: hello, false: strings.ToUpper(hello)}[!odd]
		w.arrive(b, body, "text/plain")
	}}
	_, err = w.completeUpload(w.as(teacher), b.ID)
	require.Equal(t, "unavailable", code(t, err), "one that never stands still")
}

type swappedStore struct {
	blob.Store
	afterPrefix func()
}

func (s *swappedStore) ReadPrefix(ctx context.Context, id string, n int) ([]byte, error) {
	b, err := s.Store.ReadPrefix(ctx, id, n)
	s.afterPrefix()
	return b, err
}

func TestOnlyItsUploaderCompletes(t *testing.T) {
	w := onSQLite(t)
	a := w.begun(textUpload("a.txt"))
	w.arrive(a, hello, "text/plain")
	_, err := w.completeUpload(w.as(admin), a.ID)
	require.Equal(t, "forbidden", code(t, err), "an administrator may see it")
	_, err = w.completeUpload(w.as(other), a.ID)
	require.Equal(t, "not-found", code(t, err))
	for _, id := range []string{"", "x", ids.New()} {
		_, err = w.completeUpload(w.as(teacher), id)
		require.Equal(t, "not-found", code(t, err))
	}
}

func TestTheQuotaCountsWhatIsUnderWay(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.limits.Quota = int64(len(hello)) * 3
		w.stored("a.txt")
		results := atOnce(6, func(int) error {
			_, _, err := w.beginUpload(w.as(teacher), textUpload("race/"+ids.New()))
			return err
		})
		won := 0
		for _, err := range results {
			if c := code(t, err); c == "" {
				won++
			} else {
				require.Equal(t, "quota-exceeded", c)
			}
		}
		require.Equal(t, 2, won)
		_, _, err := w.beginUpload(w.as(teacher), textUpload("a.txt"))
		require.Equal(t, "key-taken", code(t, err), "the key is looked at first")
		_, _, err = w.beginUpload(w.as(other), textUpload("b.txt"))
		require.NoError(t, err, "another's sum")
		w.clock.Advance(uploadURLLife + completionGrace + time.Second)
		w.sweep()
		_, _, err = w.beginUpload(w.as(teacher), textUpload("c.txt"))
		require.NoError(t, err, "what was abandoned counts no more")
	})
}

// What is deleted while its URL lives may come back, so it takes room until then; and if it does,
// it goes soon after.
func TestWhatMayComeBackStillCounts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.limits.Quota = int64(len(hello)) * 2
		a := w.stored("a.txt")
		require.NoError(t, w.removeAsset(w.as(teacher), a.ID))
		w.sweep()
		w.begun(textUpload("b.txt"))
		_, _, err := w.beginUpload(w.as(teacher), textUpload("c.txt"))
		require.Equal(t, "quota-exceeded", code(t, err))
		w.arrive(a, hello, "text/plain")
		w.clock.Advance(uploadURLLife + 2*time.Minute)
		w.begun(textUpload("c.txt"))
		w.sweep()
		require.False(t, w.there(a.BlobID))
		require.EqualValues(t, 1, w.count("storage_trash"), "a transfer that was begun in time may still end")
		w.clock.Advance(maxTransferTime)
		w.sweep()
		left, err := w.store.lockTrash(t.Context(), a.BlobID, w.clock.Now().Add(maxTransferTime))
		require.NoError(t, err)
		require.Nil(t, left)
	})
}

// An upload that nobody completes goes, and its object with it, whenever that arrives.
func TestAbandonedUploadsAreCleared(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a := w.begun(textUpload("a.txt"))
		late := w.begun(textUpload("late.txt"))
		w.arrive(a, hello, "text/plain")
		w.clock.Advance(uploadURLLife + completionGrace - time.Minute)
		w.sweep()
		w.arrive(late, hello, "text/plain")
		_, err := w.completeUpload(w.as(teacher), late.ID)
		require.NoError(t, err, "late, but nobody took the key")

		w.clock.Advance(2 * time.Minute)
		w.sweep() // the trash first, then uploads
		w.sweep()
		require.EqualValues(t, 1, w.count("storage_assets"))
		require.False(t, w.there(a.BlobID))
		w.arrive(a, hello, "text/plain") // a transfer that was begun in time and ends only now
		w.sweep()
		require.EqualValues(t, 1, w.count("storage_trash"))
		w.clock.Advance(maxTransferTime)
		w.sweep()
		require.False(t, w.there(a.BlobID))
		require.Zero(t, w.count("storage_trash"))
		require.True(t, w.there(late.BlobID))
		require.NoError(t, w.clearUpload(t.Context(), ids.New()), "one that is gone")
		require.NoError(t, w.clearUpload(t.Context(), late.ID))
		require.True(t, w.there(late.BlobID), "completed ones stay")
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
	a := w.begun(textUpload("a.txt"))
	b := w.stored("b.txt")
	for want, err := range map[string]error{"unavailable": errors.New("no route"), "storage-full": blob.ErrFull} {
		w.blobs = &brokenStore{Store: w.blobs, err: err}
		_, err = w.completeUpload(w.as(teacher), a.ID)
		require.Equal(t, want, code(t, err))
		_, _, err = w.beginUpload(w.as(teacher), textUpload("c.txt"))
		require.Equal(t, want, code(t, err))
		_, err = w.signURL(w.as(teacher), "b.txt", time.Minute)
		require.Equal(t, want, code(t, err))
	}
	require.NoError(t, w.removeAsset(w.as(teacher), b.ID), "the object can wait")
	require.Error(t, w.emptyTrash(t.Context(), b.BlobID))
	require.EqualValues(t, 1, w.count("storage_trash"), "and is not forgotten")
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
	a, signed, err := w.beginUpload(w.as(teacher), n)
	require.NoError(t, err)
	_, err = w.completeUpload(w.as(teacher), a.ID)
	require.Equal(t, "upload-incomplete", code(t, err))
	status, _ := send(t, signed.Method, signed.URL, signed.Headers, strings.ToUpper(hello))
	require.NotEqual(t, 200, status, "the store compares the checksum")
	status, _ = send(t, signed.Method, signed.URL, signed.Headers, hello)
	require.Equal(t, 200, status)
	_, err = w.completeUpload(w.as(teacher), a.ID)
	require.NoError(t, err)
	status, _ = send(t, signed.Method, signed.URL, signed.Headers, hello)
	require.Equal(t, 412, status, "what was checked can't be swapped")

	l, err := w.signURL(w.as(teacher), n.Key, time.Minute)
	require.NoError(t, err)
	status, body := send(t, l.Method, l.URL, nil, "")
	require.Equal(t, 200, status)
	require.Equal(t, hello, body)

	bad := newUpload{Key: "cover.png", ContentType: "image/png", Size: int64(len(hello))}
	b, signed, err := w.beginUpload(w.as(teacher), bad)
	require.NoError(t, err)
	status, _ = send(t, signed.Method, signed.URL, signed.Headers, hello)
	require.Equal(t, 200, status)
	_, err = w.completeUpload(w.as(teacher), b.ID)
	require.Equal(t, "upload-mismatch", code(t, err))
	require.False(t, w.there(b.BlobID))

	require.NoError(t, w.removeAsset(w.as(teacher), a.ID))
	w.sweep()
	require.False(t, w.there(a.BlobID))
}
