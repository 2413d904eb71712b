package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
)

// Seal encrypts and authenticates plain with AES-256-GCM (NIST SP 800-38D). The result begins with
// a random nonce, so that sealing one text twice gives two results. key has 32 bytes, such as one
// of DeriveKey; Seal panics for another length.
func Seal(key, plain []byte) []byte {
	aead := newGCM(key)
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce)
	return aead.Seal(nonce, nonce, plain, nil)
}

// Unseal returns the text that Seal was given. It returns an error if the text was sealed with
// another key, was changed or was cut. key is that of Seal.
func Unseal(key, sealed []byte) ([]byte, error) {
	aead := newGCM(key)
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("keyring: too short for sealed data")
	}
	nonce, text := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	return aead.Open(nil, nonce, text, nil)
}

// newGCM returns the cipher of a key. It panics for a key that has not 32 bytes, as no input can
// cause that.
func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for a key of another length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for a block size other than that of AES
	}
	return aead
}
