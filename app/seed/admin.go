package seed

import (
	"context"

	"lyceum/modules/auth"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/config"
	"lyceum/platform/identity"
)

// ensureAdmin creates the configured administrator if no account has that address. Replicas that
// start together race for it; one creates it. It returns a *config.Error for an address or a
// password that an account may not have.
func ensureAdmin(ctx context.Context, p Parts) error {
	email := p.AuthConfig.AdminEmail
	if email == "" {
		return nil
	}
	known, err := p.Auth.Known(asOperator(ctx), email)
	if err != nil || known {
		return err
	}
	err = CreateAdmin(ctx, p.Auth, email, p.AuthConfig.AdminPassword)
	e, isRefusal := apperr.As(err)
	switch {
	case !isRefusal:
		return err
	case e.Code == usersapi.ProblemEmailTaken.Code: // by another replica
		return nil
	}
	return &config.Error{Faults: []string{"ADMIN_EMAIL, ADMIN_PASSWORD: " + e.Summary()}}
}

// CreateAdmin creates an administrator with a verified address, as the operator. It returns the
// errors of auth.Service.Register.
func CreateAdmin(ctx context.Context, s *auth.Service, email, password string) error {
	_, err := s.Register(asOperator(ctx), auth.NewUser{
		Email: email, Password: password, Role: usersapi.RoleAdmin, Verified: true,
	})
	return err
}

// asOperator returns a context whose caller is the operator at the command line.
func asOperator(ctx context.Context) context.Context {
	return identity.WithCaller(ctx, identity.Caller{Via: "cli"})
}
