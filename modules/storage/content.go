package storage

import (
	"bytes"
	"net/http"
	"strings"
)

// prefixSize is how much of an object is looked at to tell what it is.
const prefixSize = 512

// signatures tell whether the first bytes are what a type declares (WHATWG MIME Sniffing, RFC 4337,
// RFC 8794, RFC 3533, ISO 32000). A file that pretends to be another is how scripts get in where
// only pictures may be (ASVS 5.2.2).
var signatures = map[string]func([]byte) bool{
	"video/mp4":       at(4, "ftyp"),
	"video/webm":      at(0, "\x1A\x45\xDF\xA3"),
	"audio/mpeg":      looksMP3,
	"audio/ogg":       at(0, "OggS"),
	"audio/wav":       both(at(0, "RIFF"), at(8, "WAVE")),
	"image/png":       at(0, "\x89PNG\r\n\x1A\n"),
	"image/jpeg":      at(0, "\xFF\xD8\xFF"),
	"image/webp":      both(at(0, "RIFF"), at(8, "WEBP")),
	"image/gif":       either(at(0, "GIF87a"), at(0, "GIF89a")),
	"application/pdf": at(0, "%PDF-"),
	"application/zip": either(at(0, "PK\x03\x04"), at(0, "PK\x05\x06")),
}

// looksLike says whether an object that begins with prefix may be what it was declared as.
func looksLike(contentType string, prefix []byte) bool {
	if check, known := signatures[contentType]; known {
		return check(prefix)
	}
	if strings.HasPrefix(contentType, "text/") && !looksText(prefix) {
		return false
	}
	// Of a type that only this operator allows no more is known than that it must not be a page.
	return contentType == "text/html" || !looksMarkup(prefix)
}

func at(offset int, magic string) func([]byte) bool {
	return func(b []byte) bool { return len(b) >= offset && bytes.HasPrefix(b[offset:], []byte(magic)) }
}

func both(x, y func([]byte) bool) func([]byte) bool {
	return func(b []byte) bool { return x(b) && y(b) }
}

func either(x, y func([]byte) bool) func([]byte) bool {
	return func(b []byte) bool { return x(b) || y(b) }
}

// looksMP3 takes an ID3 tag, or the sync word of an MPEG frame of layer I to III.
func looksMP3(b []byte) bool {
	return at(0, "ID3")(b) || len(b) > 1 && b[0] == 0xFF && b[1]&0xE0 == 0xE0 && b[1]&0x06 != 0
}

// looksText refuses bytes that no text has (MIME Sniffing, "binary data byte") and files of another kind.
func looksText(b []byte) bool {
	return !at(0, "%PDF-")(b) && !bytes.ContainsFunc(b, func(r rune) bool {
		return r <= 0x08 || r == 0x0B || r >= 0x0E && r <= 0x1A || r >= 0x1C && r <= 0x1F
	})
}

func looksMarkup(b []byte) bool {
	detected := http.DetectContentType(b)
	return strings.HasPrefix(detected, "text/html") || strings.HasPrefix(detected, "text/xml")
}
