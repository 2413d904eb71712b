// Package filetype tells what a file is by its first bytes, and whether that is what was declared.
package filetype

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"lyceum/modules/storage/storageapi"
)

// PrefixSize is how many of the first bytes Matches and Describe need.
const PrefixSize = storageapi.PrefixSize

// signatures tell whether the first bytes are what a type declares, wherever its signature may
// stand (WHATWG MIME Sniffing, ISO 14496-12, RFC 8794, RFC 3533, ISO 32000, APPNOTE.TXT 4.3). A
// file that pretends to be another is how scripts get in where only pictures may be (ASVS 5.2.2).
var signatures = map[string]func([]byte) bool{
	"video/mp4":  isMP4,
	"video/webm": matchesAt(0, "\x1A\x45\xDF\xA3"),
	"audio/mpeg": isMPEGAudio,
	"audio/ogg":  func(b []byte) bool { return matchesAt(0, "OggS")(withoutID3(b)) },
	"audio/wav": matchesBoth(matchesAny(matchesAt(0, "RIFF"), matchesAt(0, "RIFX"), matchesAt(0, "RF64"),
		matchesAt(0, "BW64")),
		matchesAt(8, "WAVE")),
	"image/png":       matchesAt(0, "\x89PNG\r\n\x1A\n"),
	"image/jpeg":      matchesAt(0, "\xFF\xD8\xFF"),
	"image/webp":      matchesBoth(matchesAt(0, "RIFF"), matchesAt(8, "WEBP")),
	"image/gif":       matchesAny(matchesAt(0, "GIF87a"), matchesAt(0, "GIF89a")),
	"application/pdf": isPDF,
	// PK\x07\x08 and PK00 begin archives that are, or could have been, split over several files.
	"application/zip": matchesAny(matchesAt(0, "PK\x03\x04"), matchesAt(0, "PK\x05\x06"),
		matchesAt(0, "PK\x07\x08"), matchesAt(0, "PK\x30\x30PK\x03\x04")),
}

// Matches reports whether a file that begins with prefix may have the declared media type. Of a type
// that it does not know it only refuses HTML and XML.
func Matches(contentType string, prefix []byte) bool {
	if check, known := signatures[contentType]; known {
		return !isMarkup(prefix) && (check(prefix) || mimetype.Detect(prefix).Is(contentType))
	}
	text, isText := decodeText(prefix)
	if strings.HasPrefix(contentType, "text/") && (!isText || matchesAt(0, "%PDF-")(text)) {
		return false
	}
	// Of texts, and of types that are not in signatures, only this is checked: HTML or XML must not
	// pass for something else.
	return contentType == "text/html" || !isMarkup(prefix) && !(isText && isMarkup(text))
}

// Describe returns the media type that a file looks like, or a few words for people.
func Describe(prefix []byte) string {
	if len(prefix) == 0 {
		return "an empty file"
	}
	found, _, _ := strings.Cut(mimetype.Detect(prefix).String(), ";")
	if found != "application/octet-stream" {
		return found
	}
	for _, contentType := range []string{"audio/mpeg", "video/mp4", "application/pdf"} {
		if signatures[contentType](prefix) {
			return contentType
		}
	}
	if _, isText := decodeText(prefix); isText {
		return "text/plain"
	}
	return "data of no known type"
}

// matchesAt returns a check for a signature at an offset.
func matchesAt(offset int, magic string) func([]byte) bool {
	return func(b []byte) bool { return len(b) >= offset && bytes.HasPrefix(b[offset:], []byte(magic)) }
}

// matchesBoth returns a check that needs two others.
func matchesBoth(x, y func([]byte) bool) func([]byte) bool {
	return func(b []byte) bool { return x(b) && y(b) }
}

// matchesAny returns a check that needs one of others.
func matchesAny(checks ...func([]byte) bool) func([]byte) bool {
	return func(b []byte) bool {
		for _, check := range checks {
			if check(b) {
				return true
			}
		}
		return false
	}
}

// pdfStart is where the signature of a PDF may stand: programs put line breaks or a header of their
// own before it.
const pdfStart = 1024

// isPDF reports whether the signature of a PDF stands where readers look for it.
func isPDF(b []byte) bool {
	return bytes.Contains(b[:min(len(b), pdfStart+len("%PDF-")-1)], []byte("%PDF-"))
}

// isMarkup reports whether browsers take a file for HTML or XML.
func isMarkup(b []byte) bool {
	detected := http.DetectContentType(b)
	return strings.HasPrefix(detected, "text/html") || strings.HasPrefix(detected, "text/xml")
}
