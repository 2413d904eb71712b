package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
)

// Everything that is sealed, signed or hashed with the server's keys has its documented refusal once the keys are lost, and
// what does not depend on them goes on.
func TestLostKeysRefuseAndNeverFail(t *testing.T) {
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		vars["DATA_DIR"], vars["ADMIN_EMAIL"], vars["ADMIN_PASSWORD"] = t.TempDir(), "admin@lyceum.local", seed.DemoPassword
		vars["JWT_KEYS_DIR"] = filepath.Join(t.TempDir(), "keys")
		s := sitetest.Start(t, vars)
		admin := s.AdminToken()
		require.Nil(t, s.Want(200, "GET", "/readyz", "", nil).Get("checks.keys"), "all is well")

		email, _, user := s.NewAccount("sealed")
		secret := s.Want(200, "POST", "/auth/mfa/totp", user, nil).Text("secret")
		recovery := s.Want(200, "POST", "/auth/mfa/totp/confirm", user,
			map[string]string{"code": sitetest.TOTPCode(t, secret, 0)}).Get("recovery_codes").([]any)
		open := s.WantProblem(401, "mfa-required", "POST", "/auth/login", "",
			sitetest.Credentials(email, sitetest.Password)).Text("challenge")
		begun, _, halfway := s.NewAccount("halfway")
		unconfirmed := s.Want(200, "POST", "/auth/mfa/totp", halfway, nil).Text("secret")
		refresh := s.Want(200, "POST", "/auth/login", "", sitetest.Credentials(begun, sitetest.Password)).Text("refresh_token")
		code := s.Want(201, "POST", "/admin/invites", admin, `{"role_to_grant":"member"}`).Text("code")
		cursor := s.Want(200, "GET", "/admin/users?limit=1", admin, nil).Text("next_cursor")
		key := sitetest.Header{"Idempotency-Key": "a key from before the loss"}
		course := s.Want(201, "POST", "/courses", admin, `{"title":"Once"}`, key).Text("id")
		anonymous := map[string]string{"email": "once@example.com", "password": sitetest.Password}
		once := s.Want(201, "POST", "/auth/register", "", anonymous, key).Text("id")
		upload := s.Want(201, "POST", "/storage/uploads", admin,
			`{"key":"lost.txt","content_type":"text/plain","size":1}`).Text("upload.url")
		verify := s.WaitForLink("once@example.com", "/verify#token=", "")
		s.Stop()

		require.NoError(t, os.RemoveAll(vars["JWT_KEYS_DIR"]))
		s = sitetest.Start(t, vars)
		ready := s.Want(200, "GET", "/readyz", "", nil)
		require.Equal(t, []any{"degraded", "down"}, []any{ready.Get("status"), ready.Get("checks.keys.status")})
		require.Contains(t, ready.Text("checks.keys.detail"), "JWT_KEYS_DIR")
		require.Contains(t, ready.Text("checks.keys.detail"), "second factors: 1 ")

		for _, token := range []string{admin, user} {
			s.WantProblem(401, "invalid-token", "GET", "/users/me", token, nil)
		}
		s.WantProblem(401, "invalid-token", "POST", "/auth/refresh", "", map[string]string{"refresh_token": refresh})
		s.Want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": refresh})
		s.WantProblem(401, "invalid-code", "POST", "/auth/mfa/verify", "",
			map[string]string{"challenge": open, "code": sitetest.TOTPCode(t, secret, 0)})
		user = s.Want(200, "POST", "/auth/mfa/verify", "",
			map[string]string{"challenge": open, "code": recovery[0].(string)}).Text("access_token")
		halfway = s.Login(begun, sitetest.Password)
		s.WantProblem(401, "invalid-code", "POST", "/auth/mfa/totp/confirm", halfway,
			map[string]string{"code": sitetest.TOTPCode(t, unconfirmed, 0)})
		fresh := s.Want(200, "POST", "/auth/mfa/totp", halfway, nil).Text("secret")
		s.Want(200, "POST", "/auth/mfa/totp/confirm", halfway, map[string]string{"code": sitetest.TOTPCode(t, fresh, 0)})
		s.WantProblem(404, "not-found", "POST", "/invites/redeem", halfway, map[string]string{"code": code})
		admin = s.AdminToken()
		s.WantProblem(422, "validation-failed", "GET", "/admin/users?limit=1&cursor="+cursor, admin, nil)
		again := s.Want(201, "POST", "/courses", admin, `{"title":"Once"}`, key)
		require.Equal(t, []string{course, "true"}, []string{again.Text("id"), again.Header.Get("Idempotency-Replayed")})
		require.Equal(t, once, s.Want(201, "POST", "/auth/register", "", anonymous, key).Text("id"))
		s.Want(200, "POST", "/auth/verify-email", "", map[string]string{"token": verify})
		if vars["S3_ENDPOINT"] == "" {
			_, path, _ := strings.Cut(strings.TrimPrefix(upload, "http://"), "/")
			require.Equal(t, 403,
				s.Call("PUT", "/"+path, "", "x",
					sitetest.Header{"Content-Type": "text/plain", "If-None-Match": "*"}).Status)
		}

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
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.cmd.Wait())
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "keys")))
	p = launch(t, dir, nil)
	require.Eventually(t,
		func() bool { return strings.Contains(p.out.String(), "JWT_KEYS_DIR does not hold the keys") },
		15*time.Second, 200*time.Millisecond, "%s", p.out)
}
