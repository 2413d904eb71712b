package courses

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/clock"
)

func TestDateShift(t *testing.T) {
	for name, c := range map[string]struct {
		zone, at string
		days     int
		want     string
	}{
		"without a zone":              {"", "2026-03-20T08:00:00Z", 14, "2026-04-03T08:00:00.000Z"},
		"into summer":                 {"Europe/Berlin", "2026-03-20T08:00:00Z", 14, "2026-04-03T07:00:00.000Z"},
		"into winter":                 {"Europe/Berlin", "2026-10-20T07:00:00Z", 7, "2026-10-27T08:00:00.000Z"},
		"back into winter":            {"Europe/Berlin", "2026-04-03T07:00:00Z", -14, "2026-03-20T08:00:00.000Z"},
		"the clocks leave it out":     {"Europe/Berlin", "2026-03-28T01:30:00Z", 1, "2026-03-29T01:30:00.000Z"},
		"left out, from behind":       {"America/New_York", "2026-03-09T06:30:00Z", -1, "2026-03-08T07:30:00.000Z"},
		"twice, the first":            {"Europe/Berlin", "2026-10-24T00:30:00Z", 1, "2026-10-25T00:30:00.000Z"},
		"twice, from behind":          {"Europe/Berlin", "2026-10-26T01:30:00Z", -1, "2026-10-25T00:30:00.000Z"},
		"half an hour":                {"Australia/Lord_Howe", "2026-04-03T14:45:00Z", 1, "2026-04-04T14:45:00.000Z"},
		"a day that is left out":      {"Pacific/Apia", "2011-12-29T20:00:00Z", 1, "2011-12-30T20:00:00.000Z"},
		"over a day that is left out": {"Pacific/Apia", "2011-12-29T20:00:00Z", 3, "2011-12-31T20:00:00.000Z"},
		"no change":                   {"Europe/Berlin", "2026-10-25T01:30:00Z", 0, "2026-10-25T01:30:00.000Z"},
		"a year":                      {"Asia/Kolkata", "2026-01-01T03:30:00.123Z", 365, "2027-01-01T03:30:00.123Z"},
	} {
		t.Run(name, func(t *testing.T) {
			shift, err := newDateShift(c.days, c.zone)
			require.NoError(t, err)
			at, err := time.Parse(time.RFC3339Nano, c.at)
			require.NoError(t, err)
			moved, err := shift.moveTime(clock.FromTime(at).ToPtr())
			require.NoError(t, err)
			require.Equal(t, c.want, moved.String())
		})
	}
}

// In every zone and on every day the clocks show the same, unless they leave that time out.
func TestDateShiftKeepsTheTimeOfDay(t *testing.T) {
	for _, name := range []string{
		"Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca", "Australia/Lord_Howe", "Asia/Kathmandu",
		"Pacific/Chatham", "America/St_Johns",
	} {
		shift, err := newDateShift(37, name)
		require.NoError(t, err)
		zone := shift.zone
		start := time.Date(2018, 1, 1, 0, 15, 0, 0, time.UTC)
		for i := range 24 * 366 * 2 {
			at := clock.FromTime(start.Add(time.Duration(i) * time.Hour))
			moved, err := shift.moveTime(&at)
			require.NoError(t, err)
			from, to := at.StdTime().In(zone), moved.StdTime().In(zone)
			if from.Format("15:04") != to.Format("15:04") {
				require.True(t,
					to.After(time.Date(from.Year(), from.Month(), from.Day()+37, from.Hour(), from.Minute(), 0, 0,
						zone).Add(-3*time.Hour)))
				_, before := moved.Add(-3 * time.Hour).StdTime().In(zone).Zone()
				_, offset := to.Zone()
				require.Greater(t, offset, before, "%s: only where clocks were set forward: %s, %s", name, from, to)
				continue
			}
			earlier := moved.Add(-time.Hour).StdTime().In(zone)
			require.NotEqual(t, to.Format(time.DateTime), earlier.Format(time.DateTime), "the first of two")
		}
	}
}

func TestNewDateShift(t *testing.T) {
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT"} {
		_, err := newDateShift(0, name)
		require.NoError(t, err, name)
	}
	for _, name := range []string{
		"Local", "localtime", "Mars/Phobos", "../etc/passwd", "/etc/localtime", "right/Europe/Berlin",
		"Europe/Berlin ", "europe/berlin", "CET-1CEST", "+02:00", "\u0000",
	} {
		_, err := newDateShift(0, name)
		require.Error(t, err, name)
	}
}
