package filetype

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// frames are n frames of MPEG audio with the header and the length that follows from it.
func frames(header string, length, n int) string {
	return strings.Repeat(header+strings.Repeat("\x01", length-len(header)), n)
}

// box is one of the ISO base media format.
func box(kind, content string) string {
	size := make([]byte, 4)
	binary.BigEndian.PutUint32(size, uint32(8+len(content)))
	return string(size) + kind + content
}

// inUTF16 and inUTF32 encode a text without a mark.
func inUTF16(s string, order binary.ByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		pair := make([]byte, 2)
		order.PutUint16(pair, unit)
		out = append(out, pair...)
	}
	return string(out)
}

func inUTF32(s string, order binary.ByteOrder) string {
	var out []byte
	for _, r := range s {
		quad := make([]byte, 4)
		order.PutUint32(quad, uint32(r))
		out = append(out, quad...)
	}
	return string(out)
}

var big, little = binary.BigEndian, binary.LittleEndian

const written = "Größe, Łódź, привет, 日本語 🎬\r\nsecond line\t\f"
const captions = "WEBVTT\n\n00:00.000 --> 00:01.000\nпривет"

// realTexts are texts in the encodings of editors.
var realTexts = map[string]string{
	"UTF-8": written, "UTF-8, mark": "\xEF\xBB\xBF" + written, "UTF-16LE": inUTF16(written, little),
	"UTF-16BE":       inUTF16(written, big),
	"UTF-16LE, mark": "\xFF\xFE" + inUTF16(written, little), "UTF-16BE, mark": "\xFE\xFF" + inUTF16(written, big),
	"UTF-32LE": inUTF32(written, little), "UTF-32BE": inUTF32(written, big),
	"UTF-32LE, mark": "\xFF\xFE\x00\x00" + inUTF32(written, little),
	"UTF-32BE, mark": "\x00\x00\xFE\xFF" + inUTF32(written,
		big),
	"long UTF-16LE": inUTF16(strings.Repeat("x", 255)+"🎬 and on"+strings.Repeat("y", 400), little),
	"Windows-1252":  "Gr\xf6\xdfe;\x80 5\r\n", "DOS": "done\r\n\x1a",
	"captions": captions, "captions, mark": "\xEF\xBB\xBF" + captions,
	"captions, UTF-16": "\xFF\xFE" + inUTF16(captions,
		little),
}

// mpeg1 is the sound of three frames: layer III, 128 kbit/s, 44.1 kHz.
var mpeg1 = frames("\xFF\xFB\x90\x64", 417, 3)

// realFiles are beginnings of files as programs write them, by type and by what is special about them.
var realFiles = map[string]map[string]string{
	"audio/mpeg": {
		"ID3": "ID3\x04\x00\x00\x00\x00\x00\x00" + mpeg1, "bare layer III": mpeg1,
		"bare layer II": frames("\xFF\xFD\x90\x00", 522, 3),
		"bare layer I":  frames("\xFF\xFF\x90\x00", 312, 3), "MPEG 2": frames("\xFF\xF3\x80\xC4", 208, 3),
		"MPEG 2.5": frames("\xFF\xE3\x28\xC4",
			144, 3),
		"with checksum":   frames("\xFF\xFA\x90\x64", 417, 3),
		"zeros before":    strings.Repeat("\x00", 5000) + mpeg1,
		"one short frame": "\xFF\xFB\x90\x64\x00\x00\x00\x07rest",
		"cut stream":      strings.Repeat("\x17\xFF\x2A", 333) + mpeg1, "line break before": "\r\n" + mpeg1,
		"APE tag": "APETAGEX" + mpeg1,
		"in RIFF": "RIFF\x00\x10\x00\x00WAVEfmt \x1e\x00\x00\x00U\x00\x02\x00" + mpeg1,
		"padded frames": frames("\xFF\xFB\x92\x64",
			418, 3),
	},
	"audio/ogg": {"Vorbis": "OggS\x00\x02", "tagged": "ID3\x04\x00\x00\x00\x00\x00\x05tag..OggS\x00"},
	"audio/wav": {
		"RIFF": "RIFF\x24\x08\x00\x00WAVEfmt ", "RF64": "RF64\xFF\xFF\xFF\xFFWAVEds64\x1c\x00\x00\x00",
		"BW64": "BW64\xFF\xFF\xFF\xFFWAVEds64\x1c\x00\x00\x00", "RIFX": "RIFX\x00\x00\x08\x24WAVEfmt ",
	},
	"video/mp4": {
		"ftyp": box("ftyp", "isom"), "free first": box("free", "room") + box("ftyp", "mp42"),
		"wide, media": box("wide", "") + box("mdat", "media"),
		"media first": box("mdat", "media"), "index first": box("moov", box("mvhd", "")),
		"much room": "\x00\x20\x00\x00free" + strings.Repeat("\x00",
			100),
		"long box": "\x00\x00\x00\x01mdat\x00\x00\x00\x01\x00\x00\x00\x00", "fragment": box("styp", "msdh"),
		"to the end": "\x00\x00\x00\x00mdat",
		"uuid first": box("uuid", strings.Repeat("u", 16)) + box("ftyp", "isom"),
		"skip, long": "\x00\x00\x00\x01skip\x00\x00\x00\x00\x00\x00\x00\x10" + box("ftyp",
			"isom"),
	},
	"video/webm": {
		"webm":     "\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm",
		"Matroska": "\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x88matroska",
	},
	"application/pdf": {
		"plain": "%PDF-1.7\n", "line break": "\n%PDF-1.4", "mark": "\xEF\xBB\xBF%PDF-1.4",
		"late":                        strings.Repeat("\x00", 1024-5) + "%PDF-1.4",
		"at the end of the first KiB": strings.Repeat("x", 1019) + "%PDF-",
		"mail header":                 "Content-Type: application/pdf\r\n\r\n%PDF-1.3",
	},
	"application/zip": {
		"file": "PK\x03\x04\x14\x00", "empty": "PK\x05\x06" + strings.Repeat("\x00", 18),
		"spanned": "PK\x07\x08PK\x03\x04", "once spanned": "PK\x30\x30PK\x03\x04",
	},
	"image/jpeg": {
		"JFIF": "\xFF\xD8\xFF\xE0\x00\x10JFIF", "Exif": "\xFF\xD8\xFF\xE1\x00\x10Exif",
		"raw": "\xFF\xD8\xFF\xDB\x00\x43\x00\x08", "Adobe": "\xFF\xD8\xFF\xEE\x00\x0EAdobe",
		"filled": "\xFF\xD8\xFF\xFF\xE0\x00\x10JFIF",
	},
	"image/gif":  {"87a": "GIF87a\x01\x00\x01\x00", "89a": "GIF89a\x01\x00\x01\x00"},
	"image/webp": {"lossy": "RIFF\x24\x08\x00\x00WEBPVP8 ", "lossless": "RIFF\x24\x08\x00\x00WEBPVP8L"},
	"text/plain": realTexts, "text/markdown": realTexts, "text/csv": realTexts, "text/vtt": realTexts,
}

// pages are web pages in encodings that may hide them.
var pages = map[string]string{
	"UTF-16":                "\xFF\xFE" + inUTF16("<!DOCTYPE html><script>", little),
	"UTF-16 without a mark": inUTF16("<html><script>", big), "UTF-8, mark": "\xEF\xBB\xBF<html>",
	"UTF-32": "\xFF\xFE\x00\x00" + inUTF32("<html>", little),
}

// Files as real programs write them.
func TestRealFilesLookLikeTheirType(t *testing.T) {
	for contentType, all := range realFiles {
		for name, content := range all {
			require.True(t, Matches(contentType, []byte(content)), "%s: %s, seen as %s", contentType, name,
				Describe([]byte(content)))
		}
	}
}

func TestRealFilesLookLikeNoOtherType(t *testing.T) {
	for contentType := range realFiles {
		for other, all := range realFiles {
			for name, content := range all {
				if contentType == other || strings.HasPrefix(contentType, "text/") && strings.HasPrefix(other,
					"text/") || name == "in RIFF" || name == "tagged" ||
					strings.HasPrefix(contentType, "text/") && other == "application/pdf" {
					continue
				}
				require.False(t, Matches(contentType, []byte(content)), "%s: %s of %s", contentType, name, other)
			}
		}
		for name, page := range pages {
			require.False(t, Matches(contentType, []byte(page)), "%s: page in %s", contentType, name)
		}
	}
}

func TestDescribe(t *testing.T) {
	for found, content := range map[string]string{
		"audio/mpeg": strings.Repeat("\x00", 100) + mpeg1, "image/png": "\x89PNG\r\n\x1a\n", "text/plain": "words",
		"an empty file": "", "data of no known type": "\x01\x02\x03",
		"image/heic": box("ftyp", "heic"), "application/pdf": "%PDF-1.7",
		"application/x-msaccess": "\x00\x01\x00\x00Standard Jet DB",
	} {
		require.Equal(t, found, Describe([]byte(content)))
	}
}

// A file matches the type that its first bytes show, and no other.
func TestMatches(t *testing.T) {
	wav, webp := "RIFF\x24\x08\x00\x00WAVEfmt ", "RIFF\x24\x08\x00\x00WEBPVP8 "
	page := "  <!DOCTYPE html><script>alert(1)</script>"
	for contentType, good := range map[string][]string{
		"video/mp4": {"\x00\x00\x00\x20ftypisom"}, "video/webm": {"\x1A\x45\xDF\xA3\x01"},
		"audio/mpeg": {"ID3\x04", "\xFF\xFB\x90"},
		"audio/ogg":  {"OggS\x00"}, "audio/wav": {wav}, "image/png": {"\x89PNG\r\n\x1a\n"}, "image/jpeg": {
			"\xFF\xD8\xFF\xE0",
		},
		"image/webp": {webp}, "image/gif": {"GIF89a", "GIF87a"}, "application/pdf": {
			"%PDF-1.7",
		}, "application/zip": {"PK\x03\x04", "PK\x05\x06"},
		"text/plain": {"BMW is a car", "", "naïve\ttext\r\n", "latin \xe9"}, "text/csv": {
			"a;b\n1;2",
		}, "text/markdown": {"# Title"}, "text/vtt": {"WEBVTT"},
		"application/x-own": {"anything\x00"},
	} {
		for _, b := range good {
			require.True(t, Matches(contentType, []byte(b)), "%s: %q", contentType, b)
		}
		require.False(t, Matches(contentType, []byte(page)), contentType)
	}
	for _, contentType := range []string{"text/plain", "text/markdown", "text/csv"} {
		for _, b := range []string{
			"%PDF-1.7", "PK\x03\x04\x14\x00", "\x7fELF\x02\x01\x01\x00", "<?xml version='1.0'?><svg/>",
			"MZ\x90\x00",
		} {
			require.False(t, Matches(contentType, []byte(b)), "%s: %q", contentType, b)
		}
	}
	for _, contentType := range []string{
		"image/png", "image/jpeg", "video/mp4", "audio/mpeg", "audio/wav", "application/zip", "application/pdf",
	} {
		require.False(t, Matches(contentType, []byte("hello, learners")), contentType)
		require.False(t, Matches(contentType, nil), contentType)
	}
	require.False(t, Matches("audio/mpeg", []byte("\xFF\xF1\x50")), "AAC")
	require.True(t, Matches("text/html", []byte(page)))
}
