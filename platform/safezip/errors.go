package safezip

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrFormat is the error for a file that is not a readable zip file.
var ErrFormat = errors.New("safezip: not a readable zip file")

// Error is the error for an archive or an entry that breaks a rule.
type Error struct {
	// Entry is the name of the entry, fit to be shown: at most 100 characters, none of them a
	// control character. It is empty if the archive as a whole breaks the rule.
	Entry string
	// Reason says what is wrong, such as "is encrypted".
	Reason string
}

// Error returns the entry and the reason.
func (e *Error) Error() string {
	if e.Entry == "" {
		return "safezip: the archive: " + e.Reason
	}
	return "safezip: " + e.Entry + ": " + e.Reason
}

// EntryError returns an error about the entry with the given name, which may hold anything.
func EntryError(name, reason string) *Error {
	return &Error{Entry: printableName(name), Reason: reason}
}

// printableName returns at most the first 100 characters of a name, with "?" for what can't be
// shown.
func printableName(name string) string {
	const maxLetters = 100
	if name == "" {
		return `""` // an empty Entry means the archive
	}
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, name)
	if letters := []rune(name); len(letters) > maxLetters {
		name = string(letters[:maxLetters])
	}
	return name
}
