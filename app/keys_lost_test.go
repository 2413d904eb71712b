package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
)

// sealedThings are what depends on the keys of a server.
type sealedThings struct {
	admin, user, halfway string // access tokens; halfway has begun a second factor
	begun                string // the address of halfway
	secret, unconfirmed  string // of second factors
	recovery             string
	challenge, refresh   string
	code, cursor, verify string
	upload               string
	course, account      string // ids of what was created with idempotencyKey
}

// idempotencyKey is the key of requests that are sent again after the loss.
var idempotencyKey = sitetest.Header{"Idempotency-Key": "a key from before the loss"}

// onceRegistered is the registration that is sent again.
var onceRegistered = map[string]string{"email": "once@example.com", "password": sitetest.Password}

// sealThings makes them.
func sealThings(s *sitetest.Site) (k sealedThings) {
	s.T.Helper()
	k.admin = s.AdminToken()
	require.Nil(s.T, s.Want(200, "GET", "/readyz", "", nil).Get("checks.keys"), "all is well")
	email, _, user := s.NewAccount("sealed")
	k.user = user
	k.secret = s.Want(200, "POST", "/auth/mfa/totp", user, nil).Text("secret")
	k.recovery = s.Want(200, "POST", "/auth/mfa/totp/confirm", user,
		map[string]string{"code": sitetest.TOTPCode(s.T, k.secret, 0)}).Text("recovery_codes.0")
	k.challenge = s.WantProblem(401, "mfa-required", "POST", "/auth/login", "",
		sitetest.Credentials(email, sitetest.Password)).Text("challenge")
	k.begun, _, k.halfway = s.NewAccount("halfway")
	k.unconfirmed = s.Want(200, "POST", "/auth/mfa/totp", k.halfway, nil).Text("secret")
	k.refresh = s.Want(200, "POST", "/auth/login", "",
		sitetest.Credentials(k.begun, sitetest.Password)).Text("refresh_token")
	k.code = s.Want(201, "POST", "/admin/invites", k.admin, `{"role_to_grant":"member"}`).Text("code")
	k.cursor = s.Want(200, "GET", "/admin/users?limit=1", k.admin, nil).Text("next_cursor")
	k.course = s.Want(201, "POST", "/courses", k.admin, `{"title":"Once"}`, idempotencyKey).Text("id")
	k.account = s.Want(201, "POST", "/auth/register", "", onceRegistered, idempotencyKey).Text("id")
	k.upload = s.Want(201, "POST", "/storage/uploads", k.admin,
		`{"key":"lost.txt","content_type":"text/plain","size":1}`).Text("upload.url")
	k.verify = s.WaitForLink("once@example.com", "/verify#token=", "")
	return k
}

// requireLossTold checks that readiness tells which keys are missing and what was sealed with them.
func requireLossTold(s *sitetest.Site) {
	s.T.Helper()
	ready := s.Want(200, "GET", "/readyz", "", nil)
	require.Equal(s.T, []any{"degraded", "down"}, []any{ready.Get("status"), ready.Get("checks.keys.status")})
	require.Contains(s.T, ready.Text("checks.keys.detail"), "JWT_KEYS_DIR")
	require.Contains(s.T, ready.Text("checks.keys.detail"), "second factors: 1 ")
}

// requireRefused checks what signs in and what opens things after the loss. It returns a new token of
// the account with a second factor.
func (k sealedThings) requireRefused(s *sitetest.Site) (user string) {
	s.T.Helper()
	for _, token := range []string{k.admin, k.user} {
		s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
	}
	s.WantProblem(401, "invalid-token", "POST", "/auth/refresh", "", map[string]string{"refresh_token": k.refresh})
	s.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": k.refresh})
	s.WantProblem(401, "invalid-code", "POST", "/auth/mfa/verify", "",
		map[string]string{"challenge": k.challenge, "code": sitetest.TOTPCode(s.T, k.secret, 0)})
	user = s.Want(200, "POST", "/auth/mfa/verify", "",
		map[string]string{"challenge": k.challenge, "code": k.recovery}).Text("access_token")
	halfway := s.Login(k.begun, sitetest.Password)
	s.WantProblem(401, "invalid-code", "POST", "/auth/mfa/totp/confirm", halfway,
		map[string]string{"code": sitetest.TOTPCode(s.T, k.unconfirmed, 0)})
	fresh := s.Want(200, "POST", "/auth/mfa/totp", halfway, nil).Text("secret")
	s.Want(200, "POST", "/auth/mfa/totp/confirm", halfway, map[string]string{"code": sitetest.TOTPCode(s.T, fresh, 0)})
	s.WantProblem(404, "not-found", "POST", "/invites/redeem", halfway, map[string]string{"code": k.code})
	return user
}

// requireRest checks what else was signed, and that what needs no key goes on.
func (k sealedThings) requireRest(s *sitetest.Site, isFolder bool) {
	s.T.Helper()
	admin := s.AdminToken()
	s.WantProblem(422, "validation-failed", "GET", "/admin/users?limit=1&cursor="+k.cursor, admin, nil)
	again := s.Want(201, "POST", "/courses", admin, `{"title":"Once"}`, idempotencyKey)
	require.Equal(s.T, []string{k.course, "true"}, []string{again.Text("id"), again.Header.Get("Idempotency-Replayed")})
	require.Equal(s.T, k.account, s.Want(201, "POST", "/auth/register", "", onceRegistered, idempotencyKey).Text("id"))
	s.Want(200, "POST", "/auth/verify-email", "", map[string]string{"token": k.verify})
	if isFolder {
		_, path, _ := strings.Cut(strings.TrimPrefix(k.upload, "http://"), "/")
		require.Equal(s.T, 403,
			s.Call("PUT", "/"+path, "", "x",
				sitetest.Header{"Content-Type": "text/plain", "If-None-Match": "*"}).Status)
	}
}

// Everything that is sealed, signed or hashed with the server's keys has its documented refusal once the keys are lost, and
// what does not depend on them goes on.
func TestLostKeysRefuseAndNeverFail(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		vars["DATA_DIR"], vars["ADMIN_EMAIL"], vars["ADMIN_PASSWORD"] = t.TempDir(), "admin@lyceum.local", seed.DemoPassword
		vars["JWT_KEYS_DIR"] = filepath.Join(t.TempDir(), "keys")
		s := sitetest.Start(t, vars)
		sealed := sealThings(s)
		s.Stop()

		require.NoError(t, os.RemoveAll(vars["JWT_KEYS_DIR"]))
		s = sitetest.Start(t, vars)
		requireLossTold(s)
		user := sealed.requireRefused(s)
		sealed.requireRest(s, vars["S3_ENDPOINT"] == "")

		// What can't be opened is told until it is mended.
		s.Want(204, "DELETE", "/auth/mfa/totp", user, map[string]string{"password": sitetest.Password})
		status, out := lyceum(t, s.CommandVars(), "", "audit", "accept-break", "--reason", "the keys were lost")
		require.Equal(t, 0, status, out)
		require.Eventually(t,
			func() bool { return s.Want(200, "GET", "/readyz", "", nil).Text("status") == "ready" },
			15*time.Second, 200*time.Millisecond)
	})
}

// The start says which keys are missing, as those who start a server read its log.
func TestLostKeysAreToldAtTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := launch(t, dir, nil)
	p.Stop()
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "keys")))
	p = launch(t, dir, nil)
	require.Eventually(t,
		func() bool { return strings.Contains(p.Out.String(), "JWT_KEYS_DIR does not hold the keys") },
		15*time.Second, 200*time.Millisecond, "%s", p.Out)
}
