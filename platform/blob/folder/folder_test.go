package folder

import (
	"lyceum/platform/blob/blobtest"

	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
	"lyceum/platform/blob"
	"lyceum/platform/testkit"
)

func TestConformance(t *testing.T) {
	s, _ := newServedStore(t, t.TempDir())
	blobtest.Run(t, s)
}

func openStore(t *testing.T, dir string) *Store {
	t.Helper()
	f, err := Open(dir, "http://localhost:8000/", bytes.Repeat([]byte("s"), 32), time.Now)
	require.NoError(t, err)
	return f
}

func TestNewFolderRefusesWhatCannotWork(t *testing.T) {
	secret := bytes.Repeat([]byte("s"), 32)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for what, try := range map[string]func() (*Store, error){
		"short secret":   func() (*Store, error) { return Open(t.TempDir(), "http://x", secret[:31], time.Now) },
		"no address":     func() (*Store, error) { return Open(t.TempDir(), "", secret, time.Now) },
		"other scheme":   func() (*Store, error) { return Open(t.TempDir(), "ftp://x", secret, time.Now) },
		"a file, no dir": func() (*Store, error) { return Open(file, "http://x", secret, time.Now) },
	} {
		_, err := try()
		require.Error(t, err, "%s was accepted", what)
	}
}

func TestURLsStandUnderThePublicAddress(t *testing.T) {
	f := openStore(t, t.TempDir())
	id := blobtest.NewID()
	s := blobtest.SignGet(t, f, id, blob.GetRequest{})
	require.True(t, strings.HasPrefix(s.URL, "http://localhost:8000/objects/"+id+"?"), "got %s", s.URL)
}

// TestIDsNeverBecomePaths keeps F1: a folder that holds secrets beside the objects.
func TestIDsNeverBecomePaths(t *testing.T) {
	dir := t.TempDir()
	f, _ := newServedStore(t, filepath.Join(dir, "store"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("secret"), 0o600))
	require.NoError(t, f.Put(t.Context(), blobtest.NewID(), strings.NewReader("x"), 1, "text/plain"))
	base, _, _ := strings.Cut(blobtest.SignGet(t, f, blobtest.NewID(), blob.GetRequest{}).URL, "/objects/")
	for _, path := range []string{
		"..%2f..%2fsecret", "../../secret", "%2e%2e/%2e%2e/secret", "..%5c..%5csecret", "x%00", "%zz",
	} {
		req := "GET /objects/" + path + "?expires=99999999999999&signature=00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
		answer := sendRaw(t, strings.TrimPrefix(base, "http://"), req)
		require.Regexp(t, " (400|403|404) ", answer, path)
		require.NotContains(t, answer, "secret\n", "%s: %s", path, answer)
	}
}

func TestASecretIsNotTheSigningKeyItself(t *testing.T) {
	f := openStore(t, t.TempDir())
	require.False(t, bytes.Contains(f.key, bytes.Repeat([]byte("s"), 8)),
		"the key that signs URLs is the shared secret")
}

func TestObjectsSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	id := blobtest.NewID()
	blobtest.Put(t, openStore(t, dir), id, "content", "text/plain")
	info, err := openStore(t, dir).Stat(t.Context(), id)
	require.NoError(t, err, "got %+v, %v", info, err)
	require.EqualValues(t, 7, info.Size, "got %+v, %v", info, err)
}

func TestLeftoversAreRemovedAtOpenButNotLivingOnes(t *testing.T) {
	dir := t.TempDir()
	f := openStore(t, dir)
	dead := filepath.Join(f.tempDir, "dead")
	require.NoError(t, os.WriteFile(dead, []byte("half"), 0o600))
	living, err := f.createTempFile()
	require.NoError(t, err)
	defer living.Close()
	openStore(t, dir)
	_, err = os.Stat(dead)
	require.Error(t, err, "the leftover is still there")
	_, err = os.Stat(living.Name())
	require.NoError(t, err, "an upload that still runs was removed")
}

func TestDamagedObjectsAreToldApartFromMissingOnes(t *testing.T) {
	f := openStore(t, t.TempDir())
	id := blobtest.NewID()
	blobtest.Put(t, f, id, "some content", "text/plain")
	whole, err := os.ReadFile(f.objectPath(id))
	require.NoError(t, err)
	for cut := range len(whole) {
		require.NoError(t, os.WriteFile(f.objectPath(id), whole[:cut], 0o600))
		_, err = f.Stat(t.Context(), id)
		require.ErrorIs(t, err, blob.ErrDamaged, "cut to %d bytes: %v", cut, err)
	}
	// What was to be written once is not there yet: the same upload mends it.
	_, err = f.writeObject(t.Context(), strings.NewReader("some content"),
		upload{id: id, contentType: "text/plain", size: 12, once: true})
	require.NoError(t, err)
	b, err := f.ReadPrefix(t.Context(), id, 20)
	require.NoError(t, err, "%q, %v", b, err)
	require.Equal(t, "some content", string(b), "%q, %v", b, err)
	require.NoError(t, os.WriteFile(f.objectPath(id), append([]byte("+"), whole...), 0o600))
	_, err = f.Stat(t.Context(), id)
	require.Error(t, err, "a longer file passed")
}

func TestConcurrentPutsOfOneIDLeaveOneWholeObject(t *testing.T) {
	f := openStore(t, t.TempDir())
	id := blobtest.NewID()
	errs, contents := make([]error, 32), make([]string, 32)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			body := strings.Repeat(string(rune('a'+i%26)), 10_000+i)
			put := f.Put(context.Background(), id, strings.NewReader(body), int64(len(body)), "text/plain")
			content, err := f.ReadPrefix(context.Background(), id, 20_000)
			errs[i], contents[i] = errors.Join(put, err), string(content)
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	for _, content := range contents {
		require.GreaterOrEqual(t, len(content), 10_000)
		require.Empty(t, strings.Trim(content, content[:1]), "a mixture of two objects was read")
	}
	requireNoTempFiles(t, f)
}

func TestOnlyOneOfManyConcurrentUploadsWinsWithOnce(t *testing.T) {
	f := openStore(t, t.TempDir())
	id := blobtest.NewID()
	errs := make([]error, 32)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			body := strings.NewReader(fmt.Sprintf("%05d", i))
			_, errs[i] = f.writeObject(context.Background(), body,
				upload{id: id, contentType: "text/plain", size: 5, once: true})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, blob.ErrExists)
	}
	require.Equal(t, 1, won)
}

func TestTheSameBytesAgainAreNoReplacement(t *testing.T) {
	f, _ := newServedStore(t, t.TempDir())
	signed := blobtest.SignPut(t, f, blobtest.NewID(),
		blob.PutRequest{ContentType: "text/plain", Size: 4, Once: true})
	for range 2 {
		r := blobtest.Upload(t, signed, "same")
		require.Equal(t, 200, r.Status, "%d %s", r.Status, r.Body)
	}
}

// TestNothingHalfIsSeenAfterKill runs this test binary as a writer, kills it at a random moment and
// looks at what it left.
func TestNothingHalfIsSeenAfterKill(t *testing.T) {
	random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 1))
	dir := t.TempDir()
	ids := []string{blobtest.NewID(), blobtest.NewID(), blobtest.NewID()}
	for range testkit.Rounds(500) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestHelperWriter$")
		cmd.Env = append(os.Environ(), "BLOB_TEST_WRITER="+dir, "BLOB_TEST_IDS="+strings.Join(ids, ","))
		require.NoError(t, cmd.Start())
		time.Sleep(time.Duration(20+random.IntN(80)) * time.Millisecond)
		require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
		cmd.Wait() // it was killed
		f := openStore(t, dir)
		requireNoTempFiles(t, f)
		for _, id := range ids {
			checkWhole(t, f, id)
		}
	}
}

func checkWhole(t *testing.T, f *Store, id string) {
	t.Helper()
	o, err := f.Open(t.Context(), id)
	if errors.Is(err, blob.ErrNotFound) {
		return
	}
	require.NoError(t, err)
	defer o.Close()
	b, err := io.ReadAll(o)
	require.NoError(t, err)
	require.NotEqual(t, 0, len(b), "%s holds a mixture of %d bytes", id, len(b))
	require.Empty(t, strings.Trim(string(b), string(b[:1])), "%s holds a mixture of %d bytes", id, len(b))
}

// TestHelperWriter is the process that TestNothingHalfIsSeenAfterKill kills.
func TestHelperWriter(t *testing.T) {
	dir := os.Getenv("BLOB_TEST_WRITER")
	if dir == "" {
		return
	}
	f := openStore(t, dir)
	ids := strings.Split(os.Getenv("BLOB_TEST_IDS"), ",")
	for i := 0; ; i++ {
		blobtest.Put(t, f, ids[i%len(ids)], strings.Repeat(string(rune('a'+i%26)), 1+rand.IntN(300_000)),
			"text/plain")
	}
}

func requireNoTempFiles(t *testing.T, f *Store) {
	t.Helper()
	entries, err := os.ReadDir(f.tempDir)
	require.NoError(t, err)
	require.Empty(t, entries, "left behind")
}

// TestAFullDiskIsToldAsSuch writes to the device that is always full.
func TestAFullDiskIsToldAsSuch(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	require.NoError(t, err)
	defer full.Close()
	_, err = writeContent(t.Context(), full, strings.NewReader("x"), upload{size: 1})
	err = toStoreError(err)
	require.ErrorIs(t, err, blob.ErrFull)
	e, ok := apperr.As(toClientError(err))
	require.True(t, ok, "answered %v", e)
	require.Equal(t, apperr.KindUnavailable, e.Kind, "answered %v", e)
	require.Equal(t, "storage-full", e.Code, "answered %v", e)
}

func TestACancelledPutLeavesNothing(t *testing.T) {
	f := openStore(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	id := blobtest.NewID()
	err := f.Put(ctx, id, strings.NewReader("x"), 1, "text/plain")
	require.ErrorIs(t, err, context.Canceled)
	blobtest.RequireAbsent(t, f, id)
	requireNoTempFiles(t, f)
	for what, err := range map[string]error{
		"stat":   func() error { _, err := f.Stat(ctx, id); return err }(),
		"open":   func() error { _, err := f.Open(ctx, id); return err }(),
		"delete": f.Delete(ctx, id),
		"ping":   f.Ping(ctx),
	} {
		require.ErrorIs(t, err, context.Canceled, what)
	}
}

func TestPingNoticesAFolderThatIsGone(t *testing.T) {
	dir := t.TempDir()
	f := openStore(t, dir)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "objects")))
	require.Error(t, f.Ping(t.Context()), "it answers")
}
