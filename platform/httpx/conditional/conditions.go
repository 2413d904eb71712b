package conditional

import (
	"net/http"
	"time"
)

// Conditions are the headers of a conditional request. "" stands for a header that was not sent.
type Conditions struct {
	IfMatch, IfNoneMatch, IfRange      string
	IfModifiedSince, IfUnmodifiedSince string
}

// Result says how a request goes on after its conditions.
type Result int

const (
	// Proceed means that the conditions hold.
	Proceed Result = iota
	// NotModified means 304: the client has the content already.
	NotModified
	// PreconditionFailed means 412: the content is not the one that the client expects.
	PreconditionFailed
)

// Evaluate checks the conditions of a GET or HEAD in the order of RFC 9110 §13.2.2. etag is the
// strong entity tag of the content, with quotes; modified is when it changed. Dates count to the
// second, and dates that can't be read are ignored.
func (c Conditions) Evaluate(etag string, modified time.Time) Result {
	switch {
	case c.IfMatch != "":
		if !MatchesStrongly(c.IfMatch, etag) {
			return PreconditionFailed
		}
	case c.IfUnmodifiedSince != "":
		if t, err := http.ParseTime(c.IfUnmodifiedSince); err == nil && modified.Truncate(time.Second).After(t) {
			return PreconditionFailed
		}
	}
	switch {
	case c.IfNoneMatch != "":
		if MatchesWeakly(c.IfNoneMatch, etag) {
			return NotModified
		}
	case c.IfModifiedSince != "":
		if t, err := http.ParseTime(c.IfModifiedSince); err == nil && !modified.Truncate(time.Second).After(t) {
			return NotModified
		}
	}
	return Proceed
}

// AllowsRange reports whether If-Range lets the Range header count: it was not sent, or it names
// the content as it is now. Otherwise the client gets all of the new content.
func (c Conditions) AllowsRange(etag string, modified time.Time) bool {
	if c.IfRange == "" || c.IfRange == etag {
		return true
	}
	t, err := http.ParseTime(c.IfRange)
	return err == nil && modified.Truncate(time.Second).Equal(t)
}
