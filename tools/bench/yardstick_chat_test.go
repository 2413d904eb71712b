package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAppendFrame(t *testing.T) {
	for _, length := range []int{0, 1, 125, 126, 127, 300, 65_535} {
		text := []byte(strings.Repeat("x", length))
		head := appendFrame(nil, text)
		require.Equal(t, string(text), string(head[len(head)-length:]))
		require.EqualValues(t, 0x81, head[0])
		if length < 126 {
			require.EqualValues(t, length, head[1])
		} else {
			require.Equal(t, []byte{126, byte(length >> 8), byte(length)}, head[1:4])
		}
	}
}

func TestReadSendingTime(t *testing.T) {
	p := post{from: &hubSocket{user: "me"}, id: "one", body: "1234567"}
	require.Equal(t, 1234567*time.Nanosecond, readSendingTime(appendMessage(nil, p, 7, 0)))
	require.Zero(t, readSendingTime([]byte(`{"type":"presence"}`)))
}
