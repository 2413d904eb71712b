package auth

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/db"
)

// export returns what the module hands over about an account, by section.
func (f *fixture) export(userID string) map[string][]map[string]any {
	f.t.Helper()
	sections := map[string][]map[string]any{}
	require.NoError(f.t, f.holdings.Export(f.t.Context(), userID, func(section string, v any) error {
		raw, err := json.Marshal(v)
		require.NoError(f.t, err)
		var record map[string]any
		require.NoError(f.t, json.Unmarshal(raw, &record))
		sections[section] = append(sections[section], record)
		return nil
	}))
	return sections
}

// fillAccount gives an account a row in every table of the module.
func (f *fixture) fillAccount(a usersapi.Account) {
	f.t.Helper()
	ended := f.login(a, testPassword)
	require.NoError(f.t, f.Logout(f.t.Context(), ended.RefreshToken))
	f.login(a, testPassword)
	f.addFactor(a)
	f.challenge(a)
	f.requestReset(a.Email)
	f.requestEmail(a, "new-"+a.Email)
	require.NoError(f.t, f.addFailures(f.t.Context(), a, 1))
}

// accountTables are the tables with rows of accounts, and how many fillAccount makes.
var accountTables = map[string]int{
	"auth_credentials": 1, "auth_sessions": 2, "auth_links": 2, "auth_factors": 1,
	"auth_recovery_codes": recoveryCodeCount, "auth_challenges": 1, "auth_failures": 1, "auth_email_changes": 1,
}

func TestExport(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a, other := f.register("owner"), f.register("other")
		require.Empty(t, f.export(a.ID), "nothing but a password")
		_, err := f.BeginFactor(f.asCaller(a))
		require.NoError(t, err)
		require.Empty(t, f.export(a.ID), "a factor that is only being set up")
		f.fillAccount(a)
		f.fillAccount(other)

		out := f.export(a.ID)
		require.Len(t, out, 3)
		require.Len(t, out["sessions"], 2, "the ended one, too")
		require.NotNil(t, out["sessions"][0]["ended_at"], "the oldest stands first")
		require.Nil(t, out["sessions"][1]["ended_at"])
		require.Len(t, out["second_factors"], 1)
		require.Equal(t, "totp", out["second_factors"][0]["kind"])
		require.Equal(t, "new-owner@example.com", out["email_changes"][0]["new_email"])
		for _, records := range out {
			for _, record := range records {
				for _, secret := range []string{"salt", "token_hash", "sealed", "network", "generation"} {
					require.NotContains(t, record, secret)
				}
			}
		}
	})
}

// An error of the reader ends the export, wherever it comes.
func TestExportEndsWithItsReader(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a := f.register("owner")
		f.fillAccount(a)
		gone := errors.New("the reader is gone")
		for _, end := range []string{"second_factors", "email_changes", "sessions"} {
			err := f.holdings.Export(t.Context(), a.ID, func(section string, _ any) error {
				if section == end {
					return gone
				}
				return nil
			})
			require.ErrorIs(t, err, gone, end)
		}
	})
}

// A deleted account leaves no row behind, and others keep theirs.
func TestErase(t *testing.T) {
	onBothDatabases(t, func(t *testing.T, f *fixture) {
		a, other := f.register("owner"), f.register("other")
		f.fillAccount(a)
		f.fillAccount(other)
		for table, rows := range accountTables {
			require.Equal(t, rows, f.countRows(table, a.ID), table)
		}
		f.signals = nil
		erase := func(fail error) error {
			return f.db.InTx(t.Context(), func(ctx context.Context) error {
				return errors.Join(f.holdings.Erase(ctx, a.ID), fail)
			})
		}
		require.Error(t, erase(errors.New("another module fails")))
		require.Empty(t, f.signals)
		require.NoError(t, erase(nil))
		require.Len(t, f.signals, 2, "replicas drop its sessions")
		for table, rows := range accountTables {
			require.Zero(t, f.countRows(table, a.ID), table)
			require.Equal(t, rows, f.countRows(table, other.ID), table)
		}
	})
}

// The list of tables above is complete, so that a new table is thought of.
func TestEveryTableOfAccountsIsErased(t *testing.T) {
	f := newFixture(t, db.Options{Dir: t.TempDir(), MaxConns: 2})
	var tables []string
	require.NoError(t, f.db.Conn(t.Context()).Raw(`SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		ON c.name = 'user_id' WHERE m.type = 'table' AND m.name LIKE 'auth_%'`).Scan(&tables).Error)
	require.ElementsMatch(t, slices.Collect(maps.Keys(accountTables)), tables)
}
