package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/blob"
	"lyceum/platform/blob/s3"
	"lyceum/platform/db"
	"lyceum/platform/testkit"
)

// brokenStore is an object store whose methods return err.
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

func TestAPageAsksEachModuleOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, key := range []string{"a", "b", "c"} {
			w.storeAsset(key)
		}
		asked := 0
		w.referrer.uses = func([]string) (map[string][]storageapi.Use, error) { asked++; return nil, nil }
		ctx, queries := db.CountStatements(t.Context())
		found, err := w.store.list(ctx, "", "", nil, 10)
		require.NoError(t, err)
		require.Len(t, found, 3)
		_, err = w.loadViewData(ctx, found)
		require.NoError(t, err)
		require.EqualValues(t, 1, queries.Load())
		require.Equal(t, 1, asked)
	})
}

func TestAnObjectStoreThatCantBeReached(t *testing.T) {
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

// TestAnAssetOnMinIO runs the whole life of an asset against a real S3 server, by its signed URLs.
func TestAnAssetOnMinIO(t *testing.T) {
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
