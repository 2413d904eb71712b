package strictjson

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/apperr"
)

func TestCheck(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	t.Run("accepted", func(t *testing.T) {
		for _, body := range []string{
			`{}`, ` [1] `, `"x"`, `null`, `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`, `"\ud83d\ude00"`, `"\\u0000"`,
			deep(MaxDepth),
		} {
			faults, err := CheckText([]byte(body))
			require.NoError(t, err, body)
			require.Empty(t, faults, body)
		}
	})
	t.Run("malformed", func(t *testing.T) {
		for _, body := range []string{
			``, ` `, `{`, `{"a":}`, `{} {}`, `{}x`, `[1,]`, "\"\xff\"", `{'a':1}`, `NaN`, deep(MaxDepth + 1),
		} {
			_, err := CheckText([]byte(body))
			e, ok := apperr.As(err)
			require.True(t, ok, body)
			require.Equal(t, apperr.KindMalformed, e.Kind, body)
		}
	})
	t.Run("all faults at their places", func(t *testing.T) {
		faults, err := CheckText([]byte(`{"a":1,"a":2,"b":["\u0000",{"c":"\ud800"}],"d\u0000":1}`))
		require.NoError(t, err)
		require.Equal(t, []apperr.Field{
			apperr.FieldAt("body.a", "the name stands there twice"),
			apperr.FieldAt("body.b.0", "U+0000 is not accepted"),
			apperr.FieldAt("body.b.1.c", "a lone surrogate is no character"),
			apperr.FieldAt("body.d\x00", "U+0000 is not accepted"),
		}, faults)
	})
}

func TestUnmarshal(t *testing.T) {
	type body struct {
		A string `json:"a"`
		N int    `json:"n"`
		L []int  `json:"l"`
	}
	t.Run("fits", func(t *testing.T) {
		var v body
		require.NoError(t, Unmarshal([]byte(`{"a":"x","n":1,"l":[2]}`), &v))
		require.Equal(t, body{"x", 1, []int{2}}, v)
	})
	t.Run("names every misfit and reads the rest", func(t *testing.T) {
		var v body
		err := Unmarshal([]byte(`{"a":"secret","n":"secret","l":[1,"secret"]}`), &v)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
		require.Equal(t, "secret", v.A)
		require.Equal(t, []apperr.Field{apperr.FieldAt("body.l.1", typeMessage), apperr.FieldAt("body.n", typeMessage)},
			SplitTypeFaults(apperr.FieldAt("body", err.Error())))
	})
	t.Run("no object at all", func(t *testing.T) {
		require.Error(t, Unmarshal([]byte(`[]`), &body{}))
	})
	t.Run("another message stays as it is", func(t *testing.T) {
		f := apperr.FieldAt("body.a", "is missing")
		require.Equal(t, []apperr.Field{f}, SplitTypeFaults(f))
	})
}

func TestMarshal(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Marshal(&out, map[string]int{"b": 1, "a": 2}))
	require.Equal(t, `{"a":2,"b":1}`, out.String())
}

func TestDecode(t *testing.T) {
	type inner struct {
		N int `json:"n"`
	}
	type outer struct {
		A string  `json:"a"`
		L []inner `json:"l"`
	}
	var v outer
	require.NoError(t, Decode("x", []byte(`{"a":"1","l":[{"n":2}]}`), &v))
	require.Equal(t, outer{"1", []inner{{2}}}, v)
	for raw, location := range map[string]string{
		``: "body.x", `{`: "body.x", `{} {}`: "body.x", "{\"a\":\"\xff\"}": "body.x", `{"b":1}`: "body.x.b",
		`{"A":"x"}`: "body.x.A", `{"a":1}`: "body.x.a", `{"a":"1","a":"2"}`: "body.x.a",
		`{"l":[{"n":1},{"n":"2"}]}`: "body.x.l.1.n",
		`{"l":[{"m":1}]}`:           "body.x.l.0.m",
		`{"a":"\u0000"}`:            "body.x.a",
		`{"a":"\ud800"}`:            "body.x.a",
		`[]`:                        "body.x",
	} {
		e, ok := apperr.As(Decode("x", []byte(raw), &v))
		require.True(t, ok, raw)
		require.Equal(t, []any{apperr.KindInvalid, location}, []any{e.Kind, e.Fields[0].AbsoluteLocation()}, raw)
	}
}

// FuzzCheckText looks for bodies that CheckText accepts without faults and a decoder with the library's own
// strict rules does not.
func FuzzCheckText(f *testing.F) {
	for _, s := range []string{`{"a":1,"a":2}`, `"\ud800"`, `[[]]`, "\"\xff\"", `{"a":"\u0000"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		faults, err := CheckText(raw)
		var v any
		if err == nil && len(faults) == 0 {
			require.NoError(t, Decode("", raw, &v))
		}
	})
}
