// Package keyring holds the keys of the server: the signing keys of access tokens, which rotate,
// and one secret from which every other key is derived. It also seals data with such a key.
//
//	JWT_KEYS_DIR/secret      32 random bytes in base64; never changes
//	JWT_KEYS_DIR/<id>.pem    a signing key; the newest signs
//	JWT_KEYS_DIR/.lock       locked while a process creates or removes keys
//
// Replicas share the folder. A rotation writes a new key; every replica reads it within 250 ms and
// signs with it after another 250 ms, when all replicas can verify it. An old key verifies until
// the last token that it signed has expired, and is removed by the first rotation after that.
package keyring
