package httpx

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
)

func TestJSONInsideABodyIsAsStrict(t *testing.T) {
	type inner struct {
		N int `json:"n"`
	}
	type outer struct {
		A string  `json:"a"`
		L []inner `json:"l"`
	}
	var v outer
	require.NoError(t, DecodeJSON("x", []byte(`{"a":"1","l":[{"n":2}]}`), &v))
	require.Equal(t, outer{"1", []inner{{2}}}, v)
	for raw, location := range map[string]string{
		``: "body.x", `{`: "body.x", `{} {}`: "body.x", "{\"a\":\"\xff\"}": "body.x", `{"b":1}`: "body.x.b", `{"A":"x"}`: "body.x.A", `{"a":1}`: "body.x.a", `{"a":"1","a":"2"}`: "body.x.a",
		`{"l":[{"n":1},{"n":"2"}]}`: "body.x.l.1.n", `{"l":[{"m":1}]}`: "body.x.l.0.m", `{"a":"\u0000"}`: "body.x.a", `{"a":"\ud800"}`: "body.x.a", `[]`: "body.x",
	} {
		e, ok := apperr.As(DecodeJSON("x", []byte(raw), &v))
		require.True(t, ok, raw)
		require.Equal(t, []any{422, location}, []any{StatusOf(e.Kind), e.Fields[0].Absolute()}, raw)
	}
}

func TestAnUploadHasNoParametersInItsPath(t *testing.T) {
	require.Panics(t, func() {
		Upload("application/zip", 1)(&Route{op: typed("POST", "/x/{id}", Public, "", answered[None, Empty](nil), nil).op})
	})
}
