package jsonappend

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
)

type lesson struct {
	Title string     `json:"title"`
	Note  *string    `json:"note"`
	At    clock.Time `json:"at"`
}

func (l *lesson) AppendJSON(b []byte) []byte {
	b = AppendText(append(b, `{"title":`...), l.Title)
	b = AppendNullableText(append(b, `,"note":`...), l.Note)
	b = AppendTime(append(b, `,"at":`...), l.At)
	return append(b, '}')
}

func TestValuesAreWrittenAsByTheLibrary(t *testing.T) {
	note := "a \"note\"\u2028"
	at := clock.FromTime(time.Date(2026, 11, 24, 10, 0, 0, 7e6, time.UTC))
	for _, l := range []lesson{{"", nil, at}, {"<b>\t\x01\U0001F600", &note, at}} {
		want, err := json.Marshal(struct {
			Title string     `json:"title"`
			Note  *string    `json:"note"`
			At    clock.Time `json:"at"`
		}(l))
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(l.AppendJSON(nil)))
		require.Equal(t, string(want), string(l.AppendJSON(nil)))
		require.Equal(t, string(want), string(AppendValue(nil, &l)), "by its own method")
	}
	require.Equal(t, "null", string(AppendNullableTime(nil, nil)))
	require.Equal(t, string(AppendTime(nil, at)), string(AppendNullableTime(nil, &at)))
}

func TestAnyOfOtherTypes(t *testing.T) {
	for want, v := range map[string]any{`{"a":1,"b":2}`: map[string]int{"b": 2, "a": 1}, `[]`: []string{}, `"x"`: "x"} {
		require.Equal(t, "1,"+want, string(AppendValue([]byte("1,"), v)))
	}
	require.Panics(t, func() { AppendValue(nil, make(chan int)) })
}

func TestWrite(t *testing.T) {
	for _, title := range []string{"short", strings.Repeat("long", maxPooledBytes)} {
		for range 2 { // the second time with the buffer of the first
			var out bytes.Buffer
			require.NoError(t, Write(&out, &lesson{Title: title}))
			require.Equal(t, string((&lesson{Title: title}).AppendJSON(nil)), out.String())
		}
	}
}

func TestAppendTime(t *testing.T) {
	for _, millis := range []int64{
		0, 1, 999, 1_000, 1_795_608_000_007, 253_402_300_799_999, -1, -1_000, -62_135_596_800_000,
	} {
		at := clock.FromMillis(millis)
		require.Equal(t, `"`+at.StdTime().Format(clock.Layout)+`"`, string(AppendTime(nil, at)), millis)
	}
}
