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
)

// Everything that is sealed, signed or hashed with the server's keys has its documented refusal once the keys are lost, and
// what does not depend on them goes on.
func TestLostKeysRefuseAndNeverFail(t *testing.T) {
	onKinds(t, func(t *testing.T, vars map[string]string) {
		vars["DATA_DIR"], vars["ADMIN_EMAIL"], vars["ADMIN_PASSWORD"] = t.TempDir(), "admin@lyceum.local", seed.DemoPassword
		vars["JWT_KEYS_DIR"] = filepath.Join(t.TempDir(), "keys")
		s := serveSite(t, vars)
		admin := s.admin()
		require.Nil(t, s.want(200, "GET", "/readyz", "", nil).get("checks.keys"), "all is well")

		email, _, user := s.newcomer("sealed")
		secret := s.want(200, "POST", "/auth/mfa/totp", user, nil).str("secret")
		recovery := s.want(200, "POST", "/auth/mfa/totp/confirm", user, map[string]string{"code": totpCode(t, secret, 0)}).get("recovery_codes").([]any)
		open := s.refused(401, "mfa-required", "POST", "/auth/login", "", creds(email, password)).str("challenge")
		begun, _, halfway := s.newcomer("halfway")
		unconfirmed := s.want(200, "POST", "/auth/mfa/totp", halfway, nil).str("secret")
		refresh := s.want(200, "POST", "/auth/login", "", creds(begun, password)).str("refresh_token")
		code := s.want(201, "POST", "/admin/invites", admin, `{"role_to_grant":"member"}`).str("code")
		cursor := s.want(200, "GET", "/admin/users?limit=1", admin, nil).str("next_cursor")
		key := header{"Idempotency-Key": "a key from before the loss"}
		course := s.want(201, "POST", "/courses", admin, `{"title":"Once"}`, key).str("id")
		anonymous := map[string]string{"email": "once@example.com", "password": password}
		once := s.want(201, "POST", "/auth/register", "", anonymous, key).str("id")
		upload := s.want(201, "POST", "/storage/uploads", admin, `{"key":"lost.txt","content_type":"text/plain","size":1}`).str("upload.url")
		verify := s.linkFrom("once@example.com", "/verify#token=", "")
		s.stop()

		require.NoError(t, os.RemoveAll(vars["JWT_KEYS_DIR"]))
		s = serveSite(t, vars)
		ready := s.want(200, "GET", "/readyz", "", nil)
		require.Equal(t, []any{"degraded", "down"}, []any{ready.get("status"), ready.get("checks.keys.status")})
		require.Contains(t, ready.str("checks.keys.detail"), "JWT_KEYS_DIR")
		require.Contains(t, ready.str("checks.keys.detail"), "second factors: 1 ")

		for _, token := range []string{admin, user} {
			s.refused(401, "invalid-token", "GET", "/users/me", token, nil)
		}
		s.refused(401, "invalid-token", "POST", "/auth/refresh", "", map[string]string{"refresh_token": refresh})
		s.want(204, "POST", "/auth/logout", "", map[string]string{"refresh_token": refresh})
		s.refused(401, "invalid-code", "POST", "/auth/mfa/verify", "", map[string]string{"challenge": open, "code": totpCode(t, secret, 0)})
		user = s.want(200, "POST", "/auth/mfa/verify", "", map[string]string{"challenge": open, "code": recovery[0].(string)}).str("access_token")
		halfway = s.login(begun, password)
		s.refused(401, "invalid-code", "POST", "/auth/mfa/totp/confirm", halfway, map[string]string{"code": totpCode(t, unconfirmed, 0)})
		fresh := s.want(200, "POST", "/auth/mfa/totp", halfway, nil).str("secret")
		s.want(200, "POST", "/auth/mfa/totp/confirm", halfway, map[string]string{"code": totpCode(t, fresh, 0)})
		s.refused(404, "not-found", "POST", "/invites/redeem", halfway, map[string]string{"code": code})
		admin = s.admin()
		s.refused(422, "validation-failed", "GET", "/admin/users?limit=1&cursor="+cursor, admin, nil)
		again := s.want(201, "POST", "/courses", admin, `{"title":"Once"}`, key)
		require.Equal(t, []string{course, "true"}, []string{again.str("id"), again.Header.Get("Idempotency-Replayed")})
		require.Equal(t, once, s.want(201, "POST", "/auth/register", "", anonymous, key).str("id"))
		s.want(200, "POST", "/auth/verify-email", "", map[string]string{"token": verify})
		if vars["S3_ENDPOINT"] == "" {
			_, path, _ := strings.Cut(strings.TrimPrefix(upload, "http://"), "/")
			require.Equal(t, 403, s.call("PUT", "/"+path, "", "x", header{"Content-Type": "text/plain", "If-None-Match": "*"}).Status)
		}

		// What can't be opened is told until it is mended.
		s.want(204, "DELETE", "/auth/mfa/totp", user, map[string]string{"password": password})
		status, out := lyceum(t, s.cliVars(), "", "audit", "accept-break", "--reason", "the keys were lost")
		require.Equal(t, 0, status, out)
		require.Eventually(t, func() bool { return s.want(200, "GET", "/readyz", "", nil).str("status") == "ready" }, 15*time.Second, 200*time.Millisecond)
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
	require.Eventually(t, func() bool { return strings.Contains(p.out.String(), "JWT_KEYS_DIR does not hold the keys") }, 15*time.Second, 200*time.Millisecond, "%s", p.out)
}
