// Package conditional implements entity tags, conditional requests and byte ranges (RFC 9110
// §8.8.3, §13 and §14). It knows nothing of a web framework: it gets the values of headers and
// returns what the answer should be.
//
//	request                        answer
//	If-None-Match: "a", W/"b"  →   304 if one of them equals the ETag without regard to W/
//	If-Match: "a"              →   412 unless one of them equals the ETag and is strong
//	Range: bytes=0-99          →   206 with that Part, or 416; If-Range decides whether Range counts
package conditional
