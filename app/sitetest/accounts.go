package sitetest

import (
	"testing"
	"time"

	otp "github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
)

// Password is the password of the accounts that NewAccount registers.
const Password = "correct horse battery"

// AdminPassword is the password of the first administrator and of the demo accounts.
const AdminPassword = seed.DemoPassword

// Unlimited is the configuration of a site without rate limits.
var Unlimited = map[string]string{"RATE_LIMIT_ENABLED": "false"}

// Credentials returns the body of a registration or a login.
func Credentials(email, password string) map[string]string {
	return map[string]string{"email": email, "password": password}
}

// Register registers an account.
func (s *Site) Register(email, password string) Answer {
	s.T.Helper()
	return s.Call("POST", "/auth/register", "", Credentials(email, password))
}

// TryLogin logs an account in; it may be refused.
func (s *Site) TryLogin(email, password string, headers ...Header) Answer {
	s.T.Helper()
	return s.Call("POST", "/auth/login", "", Credentials(email, password), headers...)
}

// Login logs an account in and returns its access token.
func (s *Site) Login(email, password string) string {
	s.T.Helper()
	return s.Want(200, "POST", "/auth/login", "", Credentials(email, password)).Text("access_token")
}

// Refresh trades a refresh token for the next one; it may be refused.
func (s *Site) Refresh(token string) Answer {
	s.T.Helper()
	return s.Call("POST", "/auth/refresh", "", map[string]string{"refresh_token": token})
}

// NewAccount registers an account with an address made of name, and logs it in.
func (s *Site) NewAccount(name string) (email, id, token string) {
	s.T.Helper()
	email = name + "@example.com"
	id = s.Want(201, "POST", "/auth/register", "", Credentials(email, Password)).Text("id")
	return email, id, s.Login(email, Password)
}

// AdminToken logs the first administrator in.
func (s *Site) AdminToken() string {
	s.T.Helper()
	return s.Login("admin@lyceum.local", AdminPassword)
}

// SetRole gives an account a role.
func (s *Site) SetRole(admin, id, role string) {
	s.T.Helper()
	s.Want(200, "PATCH", "/admin/users/"+id, admin, map[string]string{"role": role})
}

// Cast has the access token of a caller of each role.
type Cast struct{ User, Member, Instructor, Admin string }

// NewCast registers a caller of each role.
func (s *Site) NewCast() Cast {
	s.T.Helper()
	c := Cast{Admin: s.AdminToken()}
	var id string
	_, _, c.User = s.NewAccount("cast-user")
	_, id, c.Member = s.NewAccount("cast-member")
	s.SetRole(c.Admin, id, "member")
	_, id, c.Instructor = s.NewAccount("cast-instructor")
	s.SetRole(c.Admin, id, "instructor")
	return c
}

// TOTPCode returns the one-time code of a second factor at a time that is offset from now.
func TOTPCode(t testing.TB, secret string, offset time.Duration) string {
	t.Helper()
	code, err := otp.GenerateCode(secret, time.Now().Add(offset))
	require.NoError(t, err)
	return code
}
