package command

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/backup"
)

func TestProgressIsLinesWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	p, ok := NewProgress(&out).(*progressLines)
	require.True(t, ok)
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	p.Start("objects", 3<<30, backup.Bytes)
	p.Add(1 << 30)
	require.Empty(t, out.String(), "nothing at once")
	now = now.Add(lineInterval)
	p.Add(1 << 30)
	p.Add(1 << 30)
	p.Finish()
	p.Start("tables", 2, backup.Rows)
	p.Add(2)
	p.Finish()
	require.Equal(t, "objects: 2.0 GiB of 3.0 GiB\nobjects: 3.0 GiB in 10s\ntables: 2 rows in 0s\n", out.String())
}

func TestProgressBar(t *testing.T) {
	var out bytes.Buffer
	p := &progressBar{w: &out}
	p.Start("objects", 0, backup.Bytes)
	p.Finish()
	p.Start("tables", 4, backup.Rows)
	p.Add(2)
	p.Finish()
	require.Contains(t, out.String(), "tables")
	require.Contains(t, out.String(), "100%")
}

func TestFormatBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1024: "1.0 KiB", 5 << 29: "2.5 GiB", 1 << 62: "4.0 EiB"} {
		require.Equal(t, want, FormatBytes(n))
	}
}
