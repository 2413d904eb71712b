package storage

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"lyceum/platform/text"
)

// maxKey bounds a key, in characters.
const maxKey = 512

// checkKey holds a key to its rules. It never becomes a path of ours; the rules keep it from
// misleading people and the programs that they save files with.
func checkKey(key string) error {
	switch {
	case !utf8.ValidString(key):
		return errors.New("must be UTF-8")
	case key == "" || text.CountRunes(key) > maxKey:
		return errors.New("must have 1 to 512 characters")
	case strings.Contains(key, `\`):
		return errors.New("must not have a backslash")
	case strings.ContainsFunc(key, func(r rune) bool { return r != ' ' && unicode.IsSpace(r) && !unicode.IsControl(r) }):
		return errors.New("must not have other spaces than the plain one")
	}
	if err := text.CheckLine(key); err != nil {
		return err
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return errors.New(`must not have empty, "." or ".." segments`)
		}
	}
	return nil
}

// fileName is the name that a download is saved under.
func fileName(key string) string { return key[strings.LastIndex(key, "/")+1:] }
