// Package blob is the interface of object stores: whole files under ids that the server makes.
// Clients upload and download them through signed URLs, so that their bytes do not pass through the
// API.
//
//	client                    server                              store
//	------                    ------                              -----
//	"I have 5 MB of PNG" ──▶  PresignPut(id, size, type) ─▶ URL
//	PUT URL, 5 MB ─────────────────────────────────────────────▶  checks signature, size, type
//	"done" ────────────────▶  Stat, ReadPrefix ─────────────────▶
//	                          PresignGet(id, name) ─▶ URL
//	GET URL ───────────────────────────────────────────────────▶  answers, with ranges
//
// Two packages implement Store: blob/folder keeps objects in a directory and serves its own URLs,
// blob/s3 uses any service that is compatible with S3. Both pass the tests of blob/blobtest.
//
// An object appears whole or not at all. A name that a person chose never becomes a path or a key
// (ASVS 5.3.2): it is only offered for saving a download.
package blob
