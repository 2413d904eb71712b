package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
)

// Seal returns plain, encrypted and authenticated with AES-256-GCM under a key of 32 bytes (NIST SP
// 800-38D). It panics for a key of another length.
func Seal(key, plain []byte) []byte {
	g := newGCM(key)
	nonce := make([]byte, g.NonceSize())
	_, _ = rand.Read(nonce)
	return g.Seal(nonce, nonce, plain, nil)
}

// Unseal returns the text that Seal was given. It returns an error if the text was sealed with
// another key or changed.
func Unseal(key, sealed []byte) ([]byte, error) {
	g := newGCM(key)
	if len(sealed) < g.NonceSize() {
		return nil, errors.New("keyring: too short for sealed data")
	}
	return g.Open(nil, sealed[:g.NonceSize()], sealed[g.NonceSize():], nil)
}

// newGCM returns the cipher of a key.
func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a key of another length
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return g
}
