package storage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/ids"
	"lyceum/platform/testkit"
)

func TestEveryFaultOfADeclarationIsNamed(t *testing.T) {
	w := onSQLite(t)
	for location, in := range map[string]newUpload{
		"body.key":          {Key: "../a", ContentType: "text/plain", Size: 1},
		"body.content_type": {Key: "a", ContentType: "text/html", Size: 1},
		"body.size":         {Key: "a", ContentType: "text/plain", Size: w.config.MaxBytes + 1},
	} {
		t.Run(location, func(t *testing.T) {
			_, _, err := w.beginUpload(w.contextOf(teacher), in)
			require.Equal(t, "validation-failed", problemCode(t, err))
			e := problemOf(t, err)
			require.Len(t, e.Fields, 1)
			require.Equal(t, location, e.Fields[0].AbsoluteLocation())
		})
	}
	t.Run("all at once", func(t *testing.T) {
		_, _, err := w.beginUpload(w.contextOf(teacher), newUpload{})
		require.Len(t, problemOf(t, err).Fields, 3)

		_, _, err = w.beginUpload(w.contextOf(teacher),
			newUpload{Key: "a//b", ContentType: "video/x-msvideo", Size: 5 << 30})
		e := problemOf(t, err)
		require.Len(t, e.Fields, 3)
		require.Contains(t, e.Detail, `The key must not have empty, "." or ".." segments.`)
		require.Contains(t, e.Detail,
			"This server does not take files of this type; accepted are video/mp4, video/webm, audio/mpeg")
		require.Contains(t, e.Detail, "The size must lie between 1 and 2147483648 bytes (2 GiB).")
	})
	t.Run("none", func(t *testing.T) {
		a, _, err := w.beginUpload(w.contextOf(teacher),
			newUpload{Key: "a", ContentType: "Text/Plain", Size: w.config.MaxBytes})
		require.NoError(t, err)
		require.Equal(t, "text/plain", a.ContentType)
	})
}

func TestTheQuotaErrorSaysWhatIsLeft(t *testing.T) {
	w := onSQLite(t)
	w.config.QuotaBytes = 100
	w.mustBeginUpload(newUpload{Key: "a", ContentType: "text/plain", Size: 60})
	_, _, err := w.beginUpload(w.contextOf(teacher), newUpload{Key: "b", ContentType: "text/plain", Size: 1536})
	require.Equal(t, "quota-exceeded", problemCode(t, err))
	require.Contains(t, problemOf(t, err).Detail,
		"may have 100 bytes together. They have 60 bytes without this one of 1.5 KiB")
	require.Equal(t, "40 bytes are left", problemOf(t, err).Fields[0].Message)
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

func TestTheQuotaCountsUnfinishedUploads(t *testing.T) {
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
		require.NoError(t, err, "a cleared upload counts no more")
	})
}
