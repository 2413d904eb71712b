package conditional

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

// digestBytes is how much of the SHA-256 of a body an ETag shows.
const digestBytes = 12

// VersionedETag returns the strong ETag "<version>.<digest of body>". The digest tells apart what
// two callers see of the same version.
func VersionedETag(version int64, body []byte) string {
	return `"` + strconv.FormatInt(version, 10) + "." + digestOf(body) + `"`
}

// ContentETag returns the strong ETag of a body without a version.
func ContentETag(body []byte) string { return `"` + digestOf(body) + `"` }

func digestOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:digestBytes])
}

// MatchesWeakly reports whether the value of If-None-Match names etag or is "*". Weak and strong
// tags are equal if what they quote is equal (RFC 9110 13.1.2).
func MatchesWeakly(ifNoneMatch, etag string) bool { return listMatches(ifNoneMatch, etag, true) }

// MatchesStrongly reports whether the value of If-Match names etag or is "*". A weak tag never
// matches (RFC 9110 13.1.1).
func MatchesStrongly(ifMatch, etag string) bool { return listMatches(ifMatch, etag, false) }

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
