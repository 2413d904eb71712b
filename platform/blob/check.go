package blob

import (
	"fmt"
	"time"
)

// maxURLLifetime is the longest life of a signed URL. S3 does not allow more.
const maxURLLifetime = 7 * 24 * time.Hour

// checkLifetime returns an error unless a signed URL may live for d.
func checkLifetime(d time.Duration) error {
	if d < time.Second || d > maxURLLifetime {
		return fmt.Errorf("blob: a signed URL lives between 1s and %s, not %s", maxURLLifetime, d)
	}
	return nil
}

// CheckID returns an error if id is not the id of an object.
func CheckID(id string) error {
	if !IsID(id) {
		return fmt.Errorf("blob: %q is not an object id", id)
	}
	return nil
}

// IsID reports whether id is a UUID in lower-case text form. A store checks it before it uses an id
// as a path or a key.
func IsID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Validate returns an error if the upload can't be signed. It is for implementations of Store.
func (p PutRequest) Validate(id string) error {
	if err := CheckID(id); err != nil {
		return err
	}
	switch {
	case p.Size < 0:
		return fmt.Errorf("blob: an upload of %d bytes", p.Size)
	case p.ContentType == "" || !isHeaderSafe(p.ContentType):
		return fmt.Errorf("blob: %q is not a content type", p.ContentType)
	case p.SHA256Hex != "" && !isSHA256(p.SHA256Hex):
		return fmt.Errorf("blob: %q is not a SHA-256 in hexadecimal", p.SHA256Hex)
	}
	return checkLifetime(p.Expires)
}

// Validate returns an error if the download can't be signed. It is for implementations of Store.
func (g GetRequest) Validate(id string) error {
	if err := CheckID(id); err != nil {
		return err
	}
	if !isHeaderSafe(g.ContentType) {
		return fmt.Errorf("blob: %q is not a content type", g.ContentType)
	}
	return checkLifetime(g.Expires)
}
