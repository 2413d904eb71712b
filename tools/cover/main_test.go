package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const profile = `mode: set
lyceum/modules/auth/a.go:1.1,2.2 6 1
lyceum/modules/auth/authapi/b.go:1.1,2.2 2 0
lyceum/modules/auth/c.go:1.1,2.2 2 0
mode: set
lyceum/modules/auth/c.go:1.1,2.2 2 4
lyceum/modules/author/d.go:1.1,2.2 100 0
`

func TestCover(t *testing.T) {
	good, bad := filepath.Join(t.TempDir(), "good"), filepath.Join(t.TempDir(), "bad")
	for path, content := range map[string]string{good: profile, bad: "mode: set\nwhat is this\n"} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	}
	for _, c := range []struct {
		args   []string
		status int
		out    string
	}{
		{[]string{good, "lyceum/modules/auth"}, 0, "ok    80.0 %  lyceum/modules/auth\n"},
		{[]string{"-min", "80.1", good, "lyceum/modules/auth/"}, 1, "LOW   80.0 %  lyceum/modules/auth/\n"},
		{
			[]string{good, "lyceum/modules/auth", "lyceum/modules/aut"}, 1,
			"ok    80.0 %  lyceum/modules/auth\nLOW    0.0 %  lyceum/modules/aut\n",
		},
		{[]string{bad, "lyceum/modules/auth"}, 2, ""},
		{[]string{"no such file", "lyceum/modules/auth"}, 2, ""},
		{[]string{good}, 2, ""},
		{[]string{"-x"}, 2, ""},
	} {
		var out, errs bytes.Buffer
		require.Equal(t, c.status, run(c.args, &out, &errs), "%v: %s", c.args, &errs)
		require.Equal(t, c.out, out.String(), "%v", c.args)
	}
}
