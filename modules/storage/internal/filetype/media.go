package filetype

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// firstBoxes are those that a file of the ISO base media format may begin with. Cameras and old programs
// put the media, or room that was left free, before the type.
var firstBoxes = []string{
	"ftyp", "styp", "moov", "mdat", "free", "skip", "wide", "pnot", "uuid", "pdin", "moof", "sidx", "junk",
}

// isMP4 walks the boxes up to one that only such a file has.
func isMP4(b []byte) bool {
	for len(b) >= 8 {
		size, kind := uint64(binary.BigEndian.Uint32(b)), string(b[4:8])
		if !slices.Contains(firstBoxes, kind) {
			return false
		}
		if kind == "ftyp" || kind == "styp" || kind == "moov" || kind == "mdat" || kind == "moof" {
			return true
		}
		if size == 1 && len(b) >= 16 { // the size follows in 64 bits
			size = binary.BigEndian.Uint64(b[8:])
		}
		if size < 8 {
			return false
		}
		if size >= uint64(len(b)) {
			return true // what follows lies beyond what is looked at
		}
		b = b[size:]
	}
	return false
}

// withoutID3 returns what follows the ID3 tags in front of an audio file; nothing if a tag is longer
// than b.
func withoutID3(b []byte) []byte {
	for len(b) >= 10 && bytes.HasPrefix(b, []byte("ID3")) {
		size := 10 + int(b[6]&0x7F)<<21 + int(b[7]&0x7F)<<14 + int(b[8]&0x7F)<<7 + int(b[9]&0x7F)
		if b[5]&0x10 != 0 {
			size += 10 // a footer
		}
		b = b[min(size, len(b)):]
	}
	return b
}

// isMPEGAudio reports whether a file begins with an ID3 or APE tag, or has frames of MPEG audio of
// layer I to III: at the start, after zeros, or two in a row after anything else, as recorders and
// cut streams begin.
func isMPEGAudio(b []byte) bool {
	if matchesAt(0, "ID3")(b) || matchesAt(0, "APETAGEX")(b) {
		return true
	}
	// FF FE marks UTF-16, too.
	if trimmed := bytes.TrimLeft(b, "\x00"); isFrame(trimmed) && trimmed[1] != 0xFE {
		return true
	}
	for i := range b {
		if b[i] != 0xFF || !isFrame(b[i:]) {
			continue
		}
		if n := frameLength(b[i:]); n > 0 && i+n+4 <= len(b) && areOneStream(b[i:], b[i+n:]) {
			return true
		}
	}
	return false
}

// isFrame reports whether bytes begin with the sync word of a frame of layer I to III.
func isFrame(b []byte) bool {
	return len(b) > 1 && b[0] == 0xFF && b[1]&0xE0 == 0xE0 && b[1]&0x06 != 0 && b[1]&0x18 != 0x08 &&
		(len(b) < 3 || b[2]&0xF0 != 0xF0 && b[2]&0x0C != 0x0C)
}

// areOneStream reports whether two frames have the version, layer and sampling rate of one stream.
func areOneStream(a, b []byte) bool {
	return isFrame(b) && a[1]&0xFE == b[1]&0xFE && a[2]&0x0C == b[2]&0x0C
}

var (
	// bitrates are the kilobits per second of frames, by version and layer, and by an index of four
	// bits (ISO 11172-3, ISO 13818-3).
	bitrates = map[[2]int][]int{
		{1, 1}: {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
		{1, 2}: {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
		{1, 3}: {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
		{2, 1}: {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
		{2, 2}: {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
		{2, 3}: {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
	}
	// samplings are the sampling rates of version 1 in hertz, by an index of two bits.
	samplings = []int{44100, 48000, 32000}
)

// frameLength returns the length of a frame in bytes; 0 where its header does not say it.
func frameLength(b []byte) int {
	if len(b) < 4 {
		return 0
	}
	version, layer, sampling := 1, 4-int(b[1]>>1&3), samplings[b[2]>>2&3]
	switch b[1] >> 3 & 3 {
	case 2: // MPEG 2
		version, sampling = 2, sampling/2
	case 0: // MPEG 2.5
		version, sampling = 2, sampling/4
	}
	bitrate := bitrates[[2]int{version, layer}][b[2]>>4] * 1000
	if bitrate == 0 { // a free one, which the encoder chose
		return 0
	}
	padding := int(b[2] >> 1 & 1)
	switch {
	case layer == 1:
		return (12*bitrate/sampling + padding) * 4
	case layer == 3 && version == 2:
		return 72*bitrate/sampling + padding
	}
	return 144*bitrate/sampling + padding
}
