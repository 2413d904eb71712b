package conditional

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// digestBytes is how much of the SHA-256 of a body an ETag has: 96 bits, so that no two bodies of
// one resource collide.
const digestBytes = 12

// VersionedETag returns the strong ETag "<version>.<digest of body>", with quotes. Two callers may
// see different parts of one version; the digest tells them apart.
func VersionedETag(version int64, body []byte) string {
	return `"` + strconv.FormatInt(version, 10) + "." + digestOf(body) + `"`
}

// ContentETag returns the strong ETag of a body without a version, with quotes.
func ContentETag(body []byte) string { return `"` + digestOf(body) + `"` }

// digestOf returns the beginning of the SHA-256 of a body in hexadecimal.
func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:digestBytes])
}

// MatchesWeakly reports whether the value of If-None-Match names etag or is "*". A weak and a
// strong tag are equal if their quoted parts are (RFC 9110 §13.1.2).
func MatchesWeakly(ifNoneMatch, etag string) bool { return listMatches(ifNoneMatch, etag, true) }

// MatchesStrongly reports whether the value of If-Match names etag or is "*". A weak tag never
// matches (RFC 9110 §13.1.1).
func MatchesStrongly(ifMatch, etag string) bool { return listMatches(ifMatch, etag, false) }

// listMatches reports whether a list of tags has etag or "*". With isWeak it ignores the mark W/.
func listMatches(list, etag string, isWeak bool) bool {
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.TrimSpace(entry)
		if isWeak {
			entry = strings.TrimPrefix(entry, "W/")
		}
		if entry == "*" || entry == etag {
			return true
		}
	}
	return false
}
