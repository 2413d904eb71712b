package conditional

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEvaluate(t *testing.T) {
	modified := time.Date(2026, 11, 24, 10, 0, 0, 500, time.UTC)
	at := func(d time.Duration) string { return modified.Add(d).Format(http.TimeFormat) }
	for name, c := range map[string]struct {
		conditions Conditions
		want       Result
	}{
		"none":                               {Conditions{}, Proceed},
		"If-Match holds":                     {Conditions{IfMatch: `"a"`}, Proceed},
		"If-Match fails":                     {Conditions{IfMatch: `"b"`}, PreconditionFailed},
		"If-Match is weak":                   {Conditions{IfMatch: `W/"a"`}, PreconditionFailed},
		"If-Match outranks the date":         {Conditions{IfMatch: `"a"`, IfUnmodifiedSince: at(-time.Hour)}, Proceed},
		"unmodified since":                   {Conditions{IfUnmodifiedSince: at(0)}, Proceed},
		"modified since":                     {Conditions{IfUnmodifiedSince: at(-time.Second)}, PreconditionFailed},
		"unmodified since a broken date":     {Conditions{IfUnmodifiedSince: "yesterday"}, Proceed},
		"If-None-Match has it":               {Conditions{IfNoneMatch: `W/"a"`}, NotModified},
		"If-None-Match has another":          {Conditions{IfNoneMatch: `"b"`}, Proceed},
		"If-None-Match outranks the date":    {Conditions{IfNoneMatch: `"b"`, IfModifiedSince: at(time.Hour)}, Proceed},
		"not modified since, to the second":  {Conditions{IfModifiedSince: at(0)}, NotModified},
		"modified after that":                {Conditions{IfModifiedSince: at(-time.Second)}, Proceed},
		"modified since a broken date":       {Conditions{IfModifiedSince: "x"}, Proceed},
		"If-Match fails before any 304":      {Conditions{IfMatch: `"b"`, IfNoneMatch: `"a"`}, PreconditionFailed},
		"If-Match holds, If-None-Match, too": {Conditions{IfMatch: `"a"`, IfNoneMatch: `"a"`}, NotModified},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, c.conditions.Evaluate(`"a"`, modified))
		})
	}
}

func TestAllowsRange(t *testing.T) {
	modified := time.Date(2026, 11, 24, 10, 0, 0, 500, time.UTC)
	for ifRange, want := range map[string]bool{
		"": true, `"a"`: true, `"b"`: false, `W/"a"`: false, modified.Format(http.TimeFormat): true,
		modified.Add(time.Second).Format(http.TimeFormat): false, "nonsense": false,
	} {
		require.Equal(t, want, Conditions{IfRange: ifRange}.AllowsRange(`"a"`, modified), ifRange)
	}
}
