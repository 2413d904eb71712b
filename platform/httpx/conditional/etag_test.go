package conditional

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestETags(t *testing.T) {
	require.Equal(t, `"7.2cf24dba5fb0a30e26e83b2a"`, VersionedETag(7, []byte("hello")))
	require.Equal(t, `"2cf24dba5fb0a30e26e83b2a"`, ContentETag([]byte("hello")))
	require.NotEqual(t, VersionedETag(7, []byte("a")), VersionedETag(7, []byte("b")),
		"two views of one version differ")
}

func TestMatching(t *testing.T) {
	for name, c := range map[string]struct {
		list         string
		weak, strong bool
	}{
		"the same":               {`"a"`, true, true},
		"another":                {`"b"`, false, false},
		"one of several":         {`"b", "a"`, true, true},
		"without spaces":         {`"b","a"`, true, true},
		"weak":                   {`W/"a"`, true, false},
		"weak among strong":      {`"b" , W/"a"`, true, false},
		"anything":               {`*`, true, true},
		"without quotes":         {`a`, false, false},
		"another case":           {`"A"`, false, false},
		"nothing":                {``, false, false},
		"lower-case weak prefix": {`w/"a"`, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.weak, MatchesWeakly(c.list, `"a"`), "If-None-Match")
			require.Equal(t, c.strong, MatchesStrongly(c.list, `"a"`), "If-Match")
		})
	}
}
