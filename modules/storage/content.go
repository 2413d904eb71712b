package storage

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"lyceum/modules/storage/storageapi"
)

// prefixSize is how much of an object is looked at to tell what it is.
const prefixSize = storageapi.StartSize

// signatures tell whether the first bytes are what a type declares, wherever its signature may stand (WHATWG MIME Sniffing,
// ISO 14496-12, RFC 8794, RFC 3533, ISO 32000, APPNOTE.TXT 4.3). A file that pretends to be another is how scripts get in
// where only pictures may be (ASVS 5.2.2).
var signatures = map[string]func([]byte) bool{
	"video/mp4":       looksMP4,
	"video/webm":      at(0, "\x1A\x45\xDF\xA3"),
	"audio/mpeg":      looksMP3,
	"audio/ogg":       func(b []byte) bool { return at(0, "OggS")(withoutID3(b)) },
	"audio/wav":       both(either(at(0, "RIFF"), at(0, "RIFX"), at(0, "RF64"), at(0, "BW64")), at(8, "WAVE")),
	"image/png":       at(0, "\x89PNG\r\n\x1A\n"),
	"image/jpeg":      at(0, "\xFF\xD8\xFF"),
	"image/webp":      both(at(0, "RIFF"), at(8, "WEBP")),
	"image/gif":       either(at(0, "GIF87a"), at(0, "GIF89a")),
	"application/pdf": looksPDF,
	// The last two begin archives that are, or could have been, split over several files.
	"application/zip": either(at(0, "PK\x03\x04"), at(0, "PK\x05\x06"), at(0, "PK\x07\x08"), at(0, "PK\x30\x30PK\x03\x04")),
}

// looksLike returns whether an object that begins with prefix may be of the type that was declared.
func looksLike(contentType string, prefix []byte) bool {
	if check, known := signatures[contentType]; known {
		return !looksMarkup(prefix) && (check(prefix) || mimetype.Detect(prefix).Is(contentType))
	}
	text, isText := decodeText(prefix)
	if strings.HasPrefix(contentType, "text/") && (!isText || at(0, "%PDF-")(text)) {
		return false
	}
	// Of a type that only this operator allows no more is known than that it must not be a page.
	return contentType == "text/html" || !looksMarkup(prefix) && !(isText && looksMarkup(text))
}

// describeContent names the type that an object looks like from its first bytes.
func describeContent(prefix []byte) string {
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

func at(offset int, magic string) func([]byte) bool {
	return func(b []byte) bool { return len(b) >= offset && bytes.HasPrefix(b[offset:], []byte(magic)) }
}

func both(x, y func([]byte) bool) func([]byte) bool {
	return func(b []byte) bool { return x(b) && y(b) }
}

func either(checks ...func([]byte) bool) func([]byte) bool {
	return func(b []byte) bool {
		for _, check := range checks {
			if check(b) {
				return true
			}
		}
		return false
	}
}

// pdfStart is where the signature of a PDF may stand: programs put line breaks or a header of their own before it.
const pdfStart = 1024

func looksPDF(b []byte) bool {
	return bytes.Contains(b[:min(len(b), pdfStart+len("%PDF-")-1)], []byte("%PDF-"))
}

func looksMarkup(b []byte) bool {
	detected := http.DetectContentType(b)
	return strings.HasPrefix(detected, "text/html") || strings.HasPrefix(detected, "text/xml")
}
