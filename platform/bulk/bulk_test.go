package bulk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/bulk"
)

func TestNewRows(t *testing.T) {
	tooLong := strings.Repeat("x", 300) + "@a.b"
	rows := bulk.NewRows([]string{"Ada@Example.org", "not an address", "", "ada@example.org", tooLong})
	require.Len(t, rows, 5)
	require.Equal(t, bulk.Row{Email: "Ada@Example.org", Address: rows[0].Address, Status: bulk.Created}, rows[0])
	require.Equal(t, rows[0].Address, rows[3].Address, "the normal form is the same")
	for _, i := range []int{1, 2, 4} {
		require.Equal(t, bulk.Failed, rows[i].Status, rows[i].Email)
		require.Equal(t, "invalid-email", rows[i].Error)
	}
	require.Equal(t, []string{rows[0].Address, rows[3].Address}, bulk.ListAddresses(rows))
	require.Empty(t, bulk.NewRows(nil))
	require.Empty(t, bulk.ListAddresses(nil))
}

func TestSkipIfFailed(t *testing.T) {
	newRows := func(statuses ...string) (rows []bulk.Row) {
		for _, s := range statuses {
			rows = append(rows, bulk.Row{Status: s})
		}
		return rows
	}
	for name, c := range map[string]struct {
		atomic bool
		given  []string
		want   []string
		skip   bool
	}{
		"atomic with an error": {
			true, []string{bulk.Created, bulk.Failed, bulk.Exists},
			[]string{bulk.Skipped, bulk.Failed, bulk.Exists}, true,
		},
		"atomic and sound": {true, []string{bulk.Created, bulk.Exists}, []string{bulk.Created, bulk.Exists}, false},
		"each for itself":  {false, []string{bulk.Created, bulk.Failed}, []string{bulk.Created, bulk.Failed}, false},
		"nothing asked":    {true, nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			rows := newRows(c.given...)
			require.Equal(t, c.skip, bulk.SkipIfFailed(rows, c.atomic))
			require.Equal(t, newRows(c.want...), rows)
		})
	}
}

func Example() {
	rows := bulk.NewRows([]string{"ada@example.org", "bob@example.org", "carol"})
	rows[1].Status, rows[1].ID = bulk.Exists, "the account of Bob"

	if bulk.SkipIfFailed(rows, true) {
		fmt.Println("nothing is changed")
	}
	for _, r := range rows {
		fmt.Printf("%s: %s %q\n", r.Email, r.Status, r.Error)
	}
	fmt.Println(bulk.CountStatuses(rows))
	// Output:
	// nothing is changed
	// ada@example.org: skipped ""
	// bob@example.org: exists ""
	// carol: error "invalid-email"
	// 0 1 1
}
