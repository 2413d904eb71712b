// Package folder keeps objects in a directory of the machine and serves the URLs that it signs. It
// implements blob.Store for installations without S3.
//
//	DIR/objects/5b/0193a1b2-…-4a5b   an object: its content, then its description
//	                                 (5b: the last two digits of the id)
//	DIR/tmp/…                        uploads under way
//
// An upload is written to a temporary file, synced, and renamed. Content and description are in one
// file, so both appear with one rename: a process that is killed leaves the old object or the new
// one. The writer holds a lock on its temporary file; a file without a lock was abandoned and is
// removed when the directory is opened.
//
// A URL carries its rules in its query (method, id, size, type, life), signed with HMAC-SHA-256.
// The server keeps nothing about it, so a Guard is asked at each use whether its object may still
// be read or written.
package folder
