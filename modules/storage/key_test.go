package storage

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// F1: a key is only a name, and one that misleads nobody.
func TestKeys(t *testing.T) {
	for _, key := range []string{
		"a", "lessons/video.mp4", "Ünïcode/日本語/🎬.mp4", "...", "a/.hidden", "with space/and 'quotes'", strings.Repeat("é", maxKey), "x\uF8FF",
	} {
		require.NoError(t, checkKey(key), key)
	}
	for _, key := range []string{
		"", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/..", `a\b`, "a\x00", "a\nb", "a\x7f", "a\u0085", "a\u202eb", "a\u2066b", "\u061c",
		"a\u200b", "a\u00adb", "\ufeffa", "a\u00a0b", "a\u3000b", "a\xff", strings.Repeat("é", maxKey+1),
	} {
		require.Error(t, checkKey(key), "%q", key)
	}
	require.Equal(t, "video.mp4", fileName("lessons/video.mp4"))
	require.Equal(t, "a", fileName("a"))
}

// F5: what a file is called and what it is are compared.
func TestLooksLike(t *testing.T) {
	wav, webp := "RIFF\x24\x08\x00\x00WAVEfmt ", "RIFF\x24\x08\x00\x00WEBPVP8 "
	page := "  <!DOCTYPE html><script>alert(1)</script>"
	for contentType, good := range map[string][]string{
		"video/mp4": {"\x00\x00\x00\x20ftypisom"}, "video/webm": {"\x1A\x45\xDF\xA3\x01"}, "audio/mpeg": {"ID3\x04", "\xFF\xFB\x90"},
		"audio/ogg": {"OggS\x00"}, "audio/wav": {wav}, "image/png": {"\x89PNG\r\n\x1a\n"}, "image/jpeg": {"\xFF\xD8\xFF\xE0"},
		"image/webp": {webp}, "image/gif": {"GIF89a", "GIF87a"}, "application/pdf": {"%PDF-1.7"}, "application/zip": {"PK\x03\x04", "PK\x05\x06"},
		"text/plain": {"BMW is a car", "", "naïve\ttext\r\n", "latin \xe9"}, "text/csv": {"a;b\n1;2"}, "text/markdown": {"# Title"}, "text/vtt": {"WEBVTT"},
		"application/x-own": {"anything\x00"},
	} {
		for _, b := range good {
			require.True(t, looksLike(contentType, []byte(b)), "%s: %q", contentType, b)
		}
		require.False(t, looksLike(contentType, []byte(page)), contentType)
	}
	for _, contentType := range []string{"text/plain", "text/markdown", "text/csv"} {
		for _, b := range []string{"%PDF-1.7", "PK\x03\x04\x14\x00", "\x7fELF\x02\x01\x01\x00", "<?xml version='1.0'?><svg/>", "MZ\x90\x00"} {
			require.False(t, looksLike(contentType, []byte(b)), "%s: %q", contentType, b)
		}
	}
	for _, contentType := range []string{"image/png", "image/jpeg", "video/mp4", "audio/mpeg", "audio/wav", "application/zip", "application/pdf"} {
		require.False(t, looksLike(contentType, []byte(hello)), contentType)
		require.False(t, looksLike(contentType, nil), contentType)
	}
	require.False(t, looksLike("audio/mpeg", []byte("\xFF\xF1\x50")), "AAC")
	require.True(t, looksLike("text/html", []byte(page)))
}
