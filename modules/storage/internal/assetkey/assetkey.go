package assetkey

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// maxKey bounds a key, in characters.
const MaxLength = 512

// checkKey holds a key to its rules. It never becomes a path of ours; the rules keep it from
// misleading people and the programs that they save files with.
func Check(key string) error {
	switch {
	case !utf8.ValidString(key):
		return errors.New("must be UTF-8")
	case key == "" || text.CountRunes(key) > MaxLength:
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
func FileName(key string) string { return key[strings.LastIndex(key, "/")+1:] }

// maxNumber is the last number that a taken key is tried with before it gets an id.
const MaxNumber = 50

// numbered is the key with a number before its extension; the first is the key itself, the last has
// an id.
func WithNumber(key string, n int) string {
	if n == 1 {
		return key
	}
	mark := fmt.Sprint("-", n)
	if n > MaxNumber {
		mark = "-" + ids.New()
	}
	ext := path.Ext(key)
	base := strings.TrimSuffix(key, ext)
	if base == "" || strings.HasSuffix(base, "/") {
		base, ext = key, ""
	}
	room := max(1, MaxLength-len([]rune(ext))-len(mark))
	if letters := []rune(base); len(letters) > room {
		base = string(letters[:room])
	}
	if len([]rune(base+mark+ext)) > MaxLength {
		ext = ""
	}
	return strings.TrimRight(base, "/") + mark + ext
}
