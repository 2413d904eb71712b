package course

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"lyceum/platform/apperr"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// Bounds of texts, in code points.
const (
	MaxTitle       = 200
	maxSummary     = 500
	maxDescription = 20_000
	maxSlug        = 100
)

// CleanLine returns a text of one line as it is stored. It returns an error of kind Invalid for a
// text that is empty, longer than limit code points or has control characters.
func CleanLine(field, s string, limit int) (string, error) {
	s = text.CleanLine(s)
	if s == "" {
		return "", apperr.Invalid(field, "must not be empty")
	}
	if err := text.CheckLine(s); err != nil {
		if _, isAnswer := apperr.As(err); !isAnswer {
			err = apperr.Invalid(field, err.Error())
		}
		return s, err
	}
	return s, checkLength(field, s, limit)
}

// CleanProse returns a text of many lines as it is stored. It returns an error of kind Invalid for
// more than limit code points.
func CleanProse(field, s string, limit int) (string, error) {
	s = norm.NFC.String(strings.ReplaceAll(s, "\r\n", "\n"))
	return s, checkLength(field, s, limit)
}

// checkLength returns an error of kind Invalid for more than limit code points.
func checkLength(field, s string, limit int) error {
	if text.CountRunes(s) > limit {
		return apperr.Invalid(field, "too long")
	}
	return nil
}

// slugForm matches lower-case words with single dashes between them.
var slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// CleanSlug returns a chosen slug in lower case. It returns an error of kind Invalid for other
// characters, more than 100 of them, and a slug that could be taken for an id.
func CleanSlug(s string) (string, error) {
	s = strings.ToLower(s)
	if !slugForm.MatchString(s) || len(s) > maxSlug || ids.IsValid(s) {
		return "", apperr.Invalid("slug",
			"a slug has lower-case letters, digits and single dashes, at most 100 characters, and is no id")
	}
	return s, nil
}

// maxSlugBase is the length of a slug that leaves room for a number behind it.
const maxSlugBase = maxSlug - 5

// MakeSlug returns a slug made from a title. It leaves room for a number.
func MakeSlug(title string) string {
	s := text.MakeSlug(title, maxSlugBase)
	if s == "" || ids.IsValid(s) {
		return "course"
	}
	return s
}

// SlugBase returns the part of a slug that stays when a number is put behind it.
func SlugBase(slug string) string { return strings.Trim(slug[:min(len(slug), maxSlugBase)], "-") }
