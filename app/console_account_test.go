package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"lyceum/app/sitetest"
)

// What people do with their account, by hand in a browser: a forgotten password, a second factor, a
// change, a wrong guess too many, their data, and the end.
func TestTheConsoleManagesAnAccount(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_LOGIN_ACCOUNT": "3/15m"})
	email, _, _ := s.NewAccount("browser")
	b := newBrowser(t, s.URL)

	const mailed, chosen = "a phrase by mail", "a phrase by hand"
	b.resetPassword(s, email, mailed)
	b.signIn(email, mailed)
	recovery := b.setUpSecondFactor()
	b.changePassword(mailed, chosen)
	b.signInWithRecoveryCode(email, chosen, recovery)
	b.deleteAccount(chosen)
	s.WantProblem(401, "invalid-credentials", "POST", "/auth/login", "", sitetest.Credentials(email, chosen))

	b.open("/#/signin")
	for range 3 {
		s.TryLogin(email, "wrong")
	}
	b.fill("signin-email", email)
	b.fill("signin-password", chosen)
	b.click("signin-submit")
	b.sees("signin-error", "Too many")
	b.shot("limited")
	require.Empty(t, b.faults)
}

// resetPassword sets a forgotten password by the link of a mail.
func (b *browser) resetPassword(s *sitetest.Site, email, next string) {
	b.t.Helper()
	b.open("/#/forgot")
	b.fill("forgot-email", email)
	b.click("forgot-submit")
	b.sees("forgot-done", "on its way")
	b.open("/reset#token=" + s.WaitForLink(email, "/reset#token=", ""))
	b.fill("reset-password", next)
	b.click("reset-submit")
	b.do("the way to sign in", chromedp.WaitVisible(id("signin-email")))
}

// setUpSecondFactor sets a second factor up and returns its first recovery code.
func (b *browser) setUpSecondFactor() (recoveryCode string) {
	b.t.Helper()
	b.open("/#/account")
	b.click("mfa-setup")
	b.do("a secret", chromedp.WaitVisible(id("mfa-secret")))
	secret, err := js[string](b, `document.querySelector('[data-testid="mfa-secret"]').textContent`)
	require.NoError(b.t, err)
	b.shot("mfa-setup")
	if into := time.Now().Unix() % 30; into > 15 { // the code of the step before is taken until this step ends
		time.Sleep(time.Duration(30-into) * time.Second)
	}
	b.fill("mfa-confirm-code", sitetest.TOTPCode(b.t, secret, -30*time.Second))
	b.click("mfa-confirm-submit")
	b.sees("mfa-recovery", "-")
	recovery, err := js[string](b, `document.querySelector('[data-testid="mfa-recovery"]').textContent`)
	require.NoError(b.t, err)
	b.shot("mfa-recovery")
	b.click("mfa-done")
	return strings.Fields(recovery)[0]
}

// changePassword changes the password and signs out.
func (b *browser) changePassword(current, next string) {
	b.t.Helper()
	b.fill("password-current_password", current)
	b.fill("password-new_password", next)
	b.click("password-submit")
	b.sees("notice", "password is changed")
	b.click("account-logout")
}

// signInWithRecoveryCode signs in with a recovery code, after a wrong code.
func (b *browser) signInWithRecoveryCode(email, password, code string) {
	b.t.Helper()
	b.open("/#/signin")
	b.fill("signin-email", email)
	b.fill("signin-password", password)
	b.click("signin-submit")
	b.fill("mfa-code", "000000")
	b.click("mfa-submit")
	b.sees("mfa-error", "code")
	b.shot("mfa-wrong")
	b.empty("mfa-code")
	b.fill("mfa-code", code)
	b.click("mfa-submit")
	b.do("signed in", chromedp.WaitVisible(id("nav-logout")))
}

// deleteAccount deletes the account, after a wrong password.
func (b *browser) deleteAccount(password string) {
	b.t.Helper()
	b.open("/#/account")
	b.click("account-delete")
	b.fill("ask-password", "not that")
	b.click("ask-submit")
	b.sees("ask-error", "password")
	b.shot("delete-wrong")
	b.empty("ask-password")
	b.fill("ask-password", password)
	b.click("ask-submit")
	b.do("signed out", chromedp.WaitVisible(id("nav-signin")))
}

// empty takes out what is written in a field.
func (b *browser) empty(testid string) {
	b.t.Helper()
	_, err := js[string](b, `document.querySelector('`+string(id(testid))+`').value = ""`)
	require.NoError(b.t, err)
}
