package clock_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
)

func TestTimesAreCutToTheMillisecondInUTC(t *testing.T) {
	east := time.FixedZone("east", 2*60*60)
	at := clock.FromTime(time.Date(2027, 1, 2, 17, 4, 5, 6_999_999, east))
	require.Equal(t, "2027-01-02T15:04:05.006Z", at.String())
	require.Equal(t, at, clock.FromMillis(at.UnixMilli()), "equal instants are equal values")
	require.Equal(t, at, at.Add(999*time.Microsecond), "less than a millisecond does not move a time")
	require.Equal(t, at.StdTime().UnixNano(), at.UnixMilli()*1_000_000)

	now := clock.System{}.Now()
	require.WithinDuration(t, time.Now(), now.StdTime(), time.Minute)
	require.Zero(t, now.StdTime().Nanosecond()%1_000_000)
}

func TestCompare(t *testing.T) {
	early, late := clock.FromMillis(-1), clock.FromMillis(1500)
	require.True(t, early.Before(late))
	require.False(t, early.Before(early))
	require.True(t, late.After(early))
	require.Equal(t, 1501*time.Millisecond, late.Sub(early))
	require.True(t, clock.Time{}.IsZero())
	require.False(t, clock.FromMillis(0).IsZero(), "1970 is a time")

	p := late.ToPtr()
	*p = early
	require.Equal(t, clock.FromMillis(1500), late, "the pointer is to a copy")
}

func TestJSON(t *testing.T) {
	for text, want := range map[string]string{
		`"2027-01-02T15:04:05.006Z"`:        "2027-01-02T15:04:05.006Z",
		`"2027-01-02T15:04:05Z"`:            "2027-01-02T15:04:05.000Z",
		`"2027-01-02T15:04:05.0069999Z"`:    "2027-01-02T15:04:05.006Z",
		`"2027-01-02T17:04:05+02:00"`:       "2027-01-02T15:04:05.000Z",
		`"0000-01-01T00:00:00Z"`:            "0000-01-01T00:00:00.000Z",
		`"9999-12-31T23:59:59.999Z"`:        "9999-12-31T23:59:59.999Z",
		`"9999-12-31T23:00:00-01:00"`:       "",
		`"0000-01-01T00:00:00+01:00"`:       "",
		`"2027-02-29T00:00:00Z"`:            "",
		`"2027-01-02"`:                      "",
		`"2027-01-02T15:04:05"`:             "",
		`"yesterday"`:                       "",
		`""`:                                "",
		`1767366245006`:                     "",
		`1`:                                 "",
		`{"t":"2027-01-02T15:04:05.006Z"}`:  "",
		`["2027-01-02T15:04:05.006Z"]`:      "",
		`"2027-01-02T15:04:05.006Z\u0000"`:  "",
		`" 2027-01-02T15:04:05.006Z"`:       "",
		`"+2027-01-02T15:04:05.006+00:00 "`: "",
	} {
		var got clock.Time
		err := json.Unmarshal([]byte(text), &got)
		if want == "" {
			require.Error(t, err, text)
			require.True(t, got.IsZero(), text)
			continue
		}
		require.NoError(t, err, text)
		raw, err := json.Marshal(got)
		require.NoError(t, err)
		require.Equal(t, `"`+want+`"`, string(raw), text)
	}

	kept := clock.FromMillis(7)
	require.NoError(t, json.Unmarshal([]byte("null"), &kept))
	require.Equal(t, clock.FromMillis(7), kept, "null leaves the time as it is")
}

func TestDatabaseValues(t *testing.T) {
	for _, at := range []clock.Time{{}, clock.FromMillis(0), clock.FromMillis(-1), clock.FromMillis(1767366245006)} {
		stored, err := at.Value()
		require.NoError(t, err)
		var got clock.Time
		require.NoError(t, got.Scan(stored))
		require.Equal(t, at, got)
	}
	got := clock.FromMillis(7)
	require.NoError(t, got.Scan(nil))
	require.True(t, got.IsZero(), "NULL is the zero time")
	require.NoError(t, got.Scan(1.5e3))
	require.Equal(t, clock.FromMillis(1500), got)
	require.ErrorContains(t, got.Scan("2027-01-02"), "clock: can't read string as a time")
	require.Equal(t, "bigint", clock.Time{}.GormDataType())
}

func ExampleTime() {
	at := clock.FromTime(time.Date(2027, 1, 2, 15, 4, 5, 6_789_000, time.UTC))
	raw, _ := json.Marshal(map[string]clock.Time{"published_at": at})
	fmt.Println(string(raw))
	// Output: {"published_at":"2027-01-02T15:04:05.006Z"}
}
