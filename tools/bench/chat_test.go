package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReadSendingTime(t *testing.T) {
	message := []byte(`{"type":"message","seq":7,"user":{"id":"me"},"body":"1234567","deleted":false}`)
	require.Equal(t, 1234567*time.Nanosecond, readSendingTime(message))
	require.Zero(t, readSendingTime([]byte(`{"type":"presence"}`)))
}
