package storage

import (
	"fmt"
	"slices"
	"strings"

	"lyceum/platform/apperr"
)

// check holds a declaration to the rules, names every broken one, and brings type and checksum
// into the form that is stored.
func (l limits) check(n *newUpload) error {
	n.ContentType, n.SHA256 = strings.ToLower(n.ContentType), strings.ToLower(n.SHA256)
	var broken []apperr.Field
	if err := checkKey(n.Key); err != nil {
		broken = append(broken, apperr.Field{Location: "body.key", Message: err.Error()})
	}
	if !slices.ContainsFunc(l.Types, func(t string) bool { return strings.EqualFold(t, n.ContentType) }) {
		broken = append(broken, apperr.Field{Location: "body.content_type", Message: "accepted are " + strings.Join(l.Types, ", ")})
	}
	if n.Size < 1 || n.Size > l.Max {
		broken = append(broken, apperr.Field{Location: "body.size", Message: fmt.Sprintf("must lie between 1 and %d bytes", l.Max)})
	}
	if len(broken) > 0 {
		return apperr.InvalidFields(broken...)
	}
	return nil
}
