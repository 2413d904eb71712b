// Package assetkey has the rules for keys of assets: names that uploaders choose, such as
// "lessons/video.mp4".
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

// MaxLength is the greatest length of a key in characters.
const MaxLength = 512

// Check returns why a text is no key, or nil. A key never becomes a path on the server; the rules keep
// it from misleading people and the programs with which they save files.
func Check(key string) error {
	switch {
	case !utf8.ValidString(key):
		return errors.New("must be UTF-8")
	case key == "" || text.CountRunes(key) > MaxLength:
		return fmt.Errorf("must have 1 to %d characters", MaxLength)
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

// FileName returns the name under which a download is saved: the last segment.
func FileName(key string) string { return key[strings.LastIndex(key, "/")+1:] }

// MaxNumber is the highest number that WithNumber writes. For a higher one it takes a random id.
const MaxNumber = 50

// WithNumber returns the key with a number before its extension, such as "video-2.mp4", within
// MaxLength. For 1 it returns the key itself.
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
