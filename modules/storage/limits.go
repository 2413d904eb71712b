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
	var said []string
	if err := checkKey(n.Key); err != nil {
		broken = append(broken, apperr.Field{Location: "key", Message: err.Error()})
		said = append(said, "The key "+err.Error()+".")
	}
	if !slices.ContainsFunc(l.Types, func(t string) bool { return strings.EqualFold(t, n.ContentType) }) {
		accepted := "accepted are " + strings.Join(l.Types, ", ")
		broken = append(broken, apperr.Field{Location: "content_type", Message: accepted})
		said = append(said, "This server does not take files of this type; "+accepted+".")
	}
	if n.Size < 1 || n.Size > l.Max {
		bounds := fmt.Sprintf("must lie between 1 and %d bytes (%s)", l.Max, inUnits(l.Max))
		broken = append(broken, apperr.Field{Location: "size", Message: bounds})
		said = append(said, "The size "+bounds+".")
	}
	if len(broken) > 0 {
		e := apperr.InvalidFields(broken...)
		e.Detail = strings.Join(said, " ")
		return e
	}
	return nil
}
