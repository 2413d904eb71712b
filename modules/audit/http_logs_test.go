package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/modules/audit"
	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/modules/users/userstest"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/keyring"
	"lyceum/platform/module"
	"lyceum/platform/testkit/apptest"
)

// program runs this module without any other.
type program struct {
	*apptest.App
	bus      *events.Bus
	accounts *userstest.Accounts
}

// onModuleAlone runs a story on a program with embedded services and on one with real ones.
func onModuleAlone(t *testing.T, story func(t *testing.T, p *program)) {
	for kind, options := range map[string]func(*testing.T) []apptest.Option{
		"embedded": func(*testing.T) []apptest.Option { return nil },
		"services": func(t *testing.T) []apptest.Option { return []apptest.Option{apptest.OnServices(t)} },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := &program{accounts: &userstest.Accounts{}}
			var keys *keyring.Keys
			p.App = apptest.Start(t, module.List{audit.Module}, append(options(t), apptest.WithCallers(),
				apptest.WithParts(
					auditapi.Declare(auditapi.Action{Name: "book.lent", Targets: []string{"book", "user"}}),
					fx.Supply(fx.Annotate(p.accounts, fx.As(new(usersapi.Accounts)))), fx.Populate(&p.bus, &keys)))...)
			require.NoError(t, audit.SealEmptyLog(t.Context(), p.DB, keys))
			story(t, p)
		})
	}
}

// lend writes an entry of a caller about a book.
func (p *program) lend(t *testing.T, actor, book string) {
	t.Helper()
	ctx := identity.WithCaller(t.Context(), identity.Caller{UserID: actor})
	require.NoError(t, p.DB.InTx(ctx, func(ctx context.Context) error {
		return p.bus.Publish(ctx, auditapi.Entry{Action: "book.lent", TargetType: "book", TargetID: book})
	}))
}

// get returns the answer to an administrator's request below /admin/audit-logs.
func (p *program) get(t *testing.T, query, accept string) apptest.Answer {
	t.Helper()
	a := p.Send(t, apptest.Scenario{
		As: usersapi.RoleAdmin, Method: "GET", Path: "/admin/audit-logs" + query,
		Header: map[string]string{"Accept": accept},
	})
	require.Equal(t, 200, a.Status, "%s", a.Body)
	return a
}

// targetsOf returns the targets of a page of entries.
func targetsOf(a apptest.Answer) (targets []string) {
	for _, item := range a.JSON["items"].([]any) {
		targets = append(targets, item.(map[string]any)["target"].(map[string]any)["id"].(string))
	}
	return targets
}

// Nobody but administrators reads the log, and an export that is refused is not written down.
func TestLogIsForAdministrators(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		for _, path := range []string{
			"/admin/audit-logs", "/admin/audit-logs/verify",
			"/admin/audit-logs?actor_id=" + p.CallerID(usersapi.RoleUser),
		} {
			for _, accept := range []string{"application/json", "text/csv", "application/x-ndjson"} {
				refused := apptest.Scenario{
					Name: accept + " of " + path, Method: "GET", Path: path,
					Header:     map[string]string{"Accept": accept},
					WantStatus: 401, WantCode: "unauthenticated", WantStatements: apptest.NoStatements,
				}
				p.Run(t, refused)
				refused.WantStatus, refused.WantCode, refused.WantStatements = 403, "forbidden", 0
				for _, role := range []identity.Role{usersapi.RoleUser, usersapi.RoleMember, usersapi.RoleInstructor} {
					refused.As = role
					p.Run(t, refused)
				}
			}
		}
		whole := p.get(t, "", "text/csv")
		require.Equal(t, 1, strings.Count(string(whole.Body), "\n"), "nothing but the header: %s", whole.Body)
		written := p.get(t, "", "").JSON["items"].([]any)
		require.Len(t, written, 1)
		require.Equal(t, "audit.exported", written[0].(map[string]any)["action"])
	})
}

// Pages go on where the last one ended, while new entries are written at the beginning.
func TestPagesOfTheLogFitTogether(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		reader, other := ids.New(), ids.New()
		for i := range 5 {
			p.lend(t, reader, fmt.Sprint("book-", i))
			p.lend(t, other, "elsewhere")
		}
		first := p.get(t, "?limit=2&actor_id="+reader, "")
		require.Equal(t, []string{"book-4", "book-3"}, targetsOf(first))
		cursor := "&cursor=" + first.JSON["next_cursor"].(string)
		p.lend(t, reader, "book-5")
		second := p.get(t, "?limit=2&actor_id="+reader+cursor, "")
		require.Equal(t, []string{"book-2", "book-1"}, targetsOf(second))
		last := p.get(t, "?limit=2&actor_id="+reader+"&cursor="+second.JSON["next_cursor"].(string), "")
		require.Equal(t, []string{"book-0"}, targetsOf(last))
		require.Nil(t, last.JSON["next_cursor"])
		for _, foreign := range []string{
			"?actor_id=" + other, "?actor_id=" + reader + "&action=book.lent", "?limit=2",
		} {
			p.Run(t, apptest.Scenario{
				Name: "a cursor is not for " + foreign, As: usersapi.RoleAdmin, Method: "GET",
				Path: "/admin/audit-logs" + foreign + cursor, WantStatus: 422, WantCode: "validation-failed",
			})
		}
	})
}

func TestFiltersOfTheLog(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		for i := range 3 {
			p.lend(t, ids.New(), fmt.Sprint("book-", i))
		}
		middle := p.get(t, "?target_id=book-1", "").JSON["items"].([]any)[0].(map[string]any)["created_at"].(string)
		for query, want := range map[string]int{
			"action=book.lent": 3, "action=book": 0, "action=BOOK.LENT": 0, "target_type=book": 3,
			"target_type=user": 0, "target_id=book-1": 1, "target_id=book": 0,
			"target_id=' OR 1=1 --": 0, "actor_id=nobody": 0,
			"from=0001-01-01T00:00:00Z": 3, "to=0001-01-01T00:00:00Z": 0, "from=9999-01-01T00:00:00Z": 0,
			"from=" + middle + "&target_id=book-1": 1, "to=" + middle + "&target_id=book-1": 0,
			"from=" + middle + "&to=" + middle:                       0,
			"from=2020-01-01T00:00:00+14:00&to=9999-12-31T23:59:59Z": 3,
		} {
			values, err := url.ParseQuery(strings.ReplaceAll(query, "+14", "%2B14"))
			require.NoError(t, err)
			require.Len(t, p.get(t, "?"+values.Encode(), "").JSON["items"], want, query)
		}
		for _, faulty := range []string{
			"from=yesterday", "to=2026-13-01T00:00:00Z", "from=2026-11-27", "target_type=planet", "limit=0",
			"limit=101", "cursor=x", "action=" + strings.Repeat("a", 101), "target_id=" + strings.Repeat("a", 101),
		} {
			p.Run(t, apptest.Scenario{
				Name: faulty + " is refused", As: usersapi.RoleAdmin, Method: "GET",
				Path: "/admin/audit-logs?" + faulty, WantStatus: 422, WantCode: "validation-failed",
			})
		}
	})
}

// An archive that is continued with the entries since its last one is a whole chain.
func TestExportsContinueOneAnother(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		var archive []exported
		for round := range 3 {
			for i := range 3 {
				p.lend(t, ids.New(), fmt.Sprintf("book-%d-%d", round, i))
			}
			query, last := "", int64(0)
			if len(archive) > 0 {
				end := archive[len(archive)-1]
				query, last = "?from="+end.CreatedAt, end.Seq
			}
			for line := range strings.Lines(string(p.get(t, query, "application/x-ndjson").Body)) {
				var e exported
				require.NoError(t, json.Unmarshal([]byte(line), &e))
				if e.Seq > last {
					archive = append(archive, e)
				}
			}
		}
		require.Len(t, archive, 3*3+2, "the entries and the exports but the last")
		prev := ""
		for i, e := range archive {
			require.EqualValues(t, i+1, e.Seq)
			require.Equal(t, []string{prev, e.digest()}, []string{e.PrevHash, e.Hash}, "entry %d", e.Seq)
			prev = e.Hash
		}
	})
}

// An actor is shown with the address of now, and by the id alone once the account is deleted.
func TestActorsOfEntries(t *testing.T) {
	onModuleAlone(t, func(t *testing.T, p *program) {
		olga := p.accounts.New("Olga", usersapi.RoleMember)
		p.lend(t, olga.ID, "book")
		p.lend(t, "", "nobody's")
		wantActor := func(id string, email any, row string) {
			t.Helper()
			found := p.get(t, "?target_id=book", "").JSON["items"].([]any)[0].(map[string]any)["actor"]
			require.Equal(t, map[string]any{"id": id, "email": email}, found)
			table := string(p.get(t, "?target_id=book", "text/csv").Body)
			require.Contains(t, table, ",book.lent,"+row+",book,book,")
		}
		wantActor(olga.ID, "olga@example.org", olga.ID+",olga@example.org")
		p.accounts.Change(olga.ID, func(a *usersapi.Account) { a.Email = "new@example.org" })
		wantActor(olga.ID, "new@example.org", olga.ID+",new@example.org")
		p.accounts.Remove(olga.ID)
		wantActor(olga.ID, nil, olga.ID+",")
		nobody := p.get(t, "?target_id="+url.QueryEscape("nobody's"), "")
		require.Nil(t, nobody.JSON["items"].([]any)[0].(map[string]any)["actor"])
	})
}
