package keyring_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/keyring"
)

// sealedData returns data whose fault is what the test sets, and the number of times it was asked for.
func sealedData(name string, fault *string, err error) (keyring.SealedData, *atomic.Int64) {
	var asked atomic.Int64
	return keyring.SealedData{Name: name, FindFault: func(context.Context) (string, error) {
		asked.Add(1)
		return *fault, err
	}}, &asked
}

func newCheck(data ...keyring.SealedData) *keyring.SealedCheck {
	return keyring.NewSealedCheck(keyring.SealedDataParams{Sealed: data})
}

func TestSealedCheck(t *testing.T) {
	sound, lost, other := "", "12 rows can't be opened; restore the file secret", "the head can't be opened"
	t.Run("nothing is sealed", func(t *testing.T) {
		require.NoError(t, newCheck().CheckSealedData(t.Context()))
	})
	t.Run("a sound secret is asked for once", func(t *testing.T) {
		data, asked := sealedData("factors", &sound, nil)
		check := newCheck(data)
		for range 3 {
			require.NoError(t, check.CheckSealedData(t.Context()))
		}
		require.EqualValues(t, 1, asked.Load(), "the secret can't change while the process runs")
	})
	t.Run("all faults are named, in one order", func(t *testing.T) {
		log, _ := sealedData("log", &other, nil)
		factors, _ := sealedData("factors", &lost, nil)
		require.EqualError(t, newCheck(log, factors).CheckSealedData(t.Context()), "factors: "+lost+"; log: "+other)
	})
	t.Run("a fault is not looked for at every question", func(t *testing.T) {
		data, asked := sealedData("factors", &lost, nil)
		check := newCheck(data)
		for range 5 {
			require.ErrorContains(t, check.CheckSealedData(t.Context()), "restore the file")
		}
		require.EqualValues(t, 1, asked.Load())
	})
	t.Run("a database that can't be asked is not a lost secret", func(t *testing.T) {
		data, asked := sealedData("factors", &sound, errors.New("connection refused"))
		check := newCheck(data)
		for range 3 {
			require.NoError(t, check.CheckSealedData(t.Context()))
		}
		require.EqualValues(t, 3, asked.Load(), "nothing is known yet, so it is asked again")
	})
	t.Run("many at once", func(t *testing.T) {
		data, asked := sealedData("factors", &sound, nil)
		check := newCheck(data)
		var wg sync.WaitGroup
		var failed atomic.Bool
		for range 16 {
			wg.Go(func() {
				if check.CheckSealedData(context.Background()) != nil {
					failed.Store(true)
				}
			})
		}
		wg.Wait()
		require.False(t, failed.Load())
		require.EqualValues(t, 1, asked.Load(), "the others wait for the first")
	})
}

func TestUnsealRefusesWhatWasChanged(t *testing.T) {
	key := make([]byte, 32)
	sealed := keyring.Seal(key, []byte("a secret text"))
	for i := range sealed {
		changed := append([]byte{}, sealed...)
		changed[i] ^= 1
		_, err := keyring.Unseal(key, changed)
		require.Error(t, err, "byte %d", i)
	}
	for length := range sealed {
		_, err := keyring.Unseal(key, sealed[:length])
		require.Error(t, err, "cut to %d bytes", length)
	}
	require.NotEqual(t, sealed, keyring.Seal(key, []byte("a secret text")), "each has a nonce of its own")
	require.Panics(t, func() { keyring.Seal(key[:31], nil) })
}
