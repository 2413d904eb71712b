package strictjson

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
)

// The costliest bodies are checked in a time that grows with their length, not with its square.
func TestHostileBodiesTakeLittleTime(t *testing.T) {
	const size = MaxBytes / 4
	for name, body := range map[string]string{
		"open arrays":     strings.Repeat("[", size),
		"repeated names":  `{` + strings.Repeat(`"a":1,`, size/6) + `"a":1}`,
		"many names":      `{"a":[` + strings.Repeat(`{"b":"\ud800"},`, size/14) + `1]}`,
		"one long string": `"` + strings.Repeat(`\u0000`, size/6) + `"`,
		"spaces":          strings.Repeat(" ", size) + "1",
		"digits":          strings.Repeat("9", size),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, _ = CheckText([]byte(body))
			require.Less(t, time.Since(began), 5*time.Second)
		})
	}
}

func TestNamesOfFaultsAreBounded(t *testing.T) {
	long := strings.Repeat("n", 5000)
	faults, err := CheckText([]byte(`{"` + long + `":1,"` + long + `":2}`))
	require.NoError(t, err)
	require.Len(t, faults, 1)
	require.LessOrEqual(t, len(faults[0].Location), 200, "an answer does not repeat 1 MiB")

	var v struct{ N int }
	err = Decode("file", []byte(`{"a/b~c":1}`), &v)
	e, ok := apperr.As(err)
	require.True(t, ok)
	require.Equal(t, "body.file.a/b~c", e.Fields[0].AbsoluteLocation(), "the escapes of a JSON pointer are undone")
}
