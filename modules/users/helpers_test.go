package users_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/events"
	"lyceum/platform/identity"
	"lyceum/platform/module"
	"lyceum/platform/testkit/apptest"
	"lyceum/platform/tokens"
)

// program runs this module without any other. Its events and audit entries are recorded and go
// nowhere.
type program struct {
	*apptest.App
	registrar usersapi.Registrar
	accounts  usersapi.Accounts
	tokens    *tokens.Tokens
}

// onModuleAlone runs a story on a program with embedded services and on one with real ones. holders
// are the parts of other modules in exports and deletions.
func onModuleAlone(t *testing.T, story func(t *testing.T, p *program), holders ...usersapi.Holder) {
	for kind, options := range map[string]func(*testing.T) []apptest.Option{
		"embedded": func(*testing.T) []apptest.Option { return nil },
		"services": func(t *testing.T) []apptest.Option { return []apptest.Option{apptest.OnServices(t)} },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := &program{}
			parts := []fx.Option{
				events.ProvideDeclarations(events.DeclareEvent[auditapi.Entry]("Something changed.")),
				fx.Supply(fx.Annotate(endlessSessions{}, fx.As(new(identity.Sessions)))),
				fx.Populate(&p.registrar, &p.accounts, &p.tokens),
			}
			for _, h := range holders {
				parts = append(parts,
					fx.Supply(fx.Annotate(h, fx.As(new(usersapi.Holder)), fx.ResultTags(usersapi.HolderGroup))))
			}
			p.App = apptest.Start(t, module.List{users.Module}, append(options(t), apptest.WithParts(parts...))...)
			story(t, p)
		})
	}
}

// endlessSessions implements identity.Sessions: every account has one session, with its own id.
type endlessSessions struct{}

func (endlessSessions) Session(_ context.Context, id string) (userID string, ok bool, err error) {
	return id, true, nil
}

// createAccount creates an account and returns its id and the header of its requests.
func (p *program) createAccount(
	t *testing.T, name string, role identity.Role,
) (id string, as map[string]string) {
	t.Helper()
	a, err := p.registrar.Create(t.Context(), usersapi.NewAccount{Email: name + "@example.com", Role: role})
	require.NoError(t, err)
	token, _, err := p.tokens.IssueToken(a.ID, a.ID, role)
	require.NoError(t, err)
	return a.ID, map[string]string{"Authorization": "Bearer " + token}
}
