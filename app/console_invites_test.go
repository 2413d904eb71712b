package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	saving "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
	"lyceum/platform/clock"
)

// An administrator invites in the browser: one with courses, many at once, and takes a batch back.
func TestTheConsoleInvitesMany(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	s.Want(201, "POST", "/courses", admin, `{"title":"Astronomy","status":"published","visibility":"private"}`)
	s.Want(201, "POST", "/courses", admin, `{"title":"Botany","visibility":"private"}`)
	b := newBrowser(t, s.URL)
	b.signIn("admin@lyceum.local", seed.DemoPassword)

	b.inviteWithCourses(s, admin)
	b.inviteAddresses(s, admin)
	batch := b.inviteTable(s, admin)
	b.revokeOtherBatch(s, admin, batch)
	require.Empty(t, b.faults)
}

// inviteWithCourses creates an invite with one of two courses that were chosen.
func (b *browser) inviteWithCourses(s *sitetest.Site, admin string) {
	b.t.Helper()
	b.open("/#/invites")
	b.click("invite-new-courses")
	b.fill("pick-q", "astro")
	b.choose("astronomy")
	b.empty("pick-q")
	b.fill("pick-q", "bot")
	b.findsOnly("botany")
	b.choose("botany")
	b.shot("invite-courses")
	b.narrow("invite-courses-narrow")
	b.click("pick-done")
	b.sees("course-chosen", "Astronomy ×")
	b.sees("course-chosen", "Botany ×")
	b.do("leave one out", chromedp.Click(chromedp.CSS(`[aria-label="Remove Astronomy"]`)))
	b.click("invite-new-submit")
	b.do("the code", chromedp.WaitVisible(id("invite-code")))
	b.sees("invite-new-max_uses", "1")
	require.Len(b.t, s.Want(200, "GET", "/admin/invites", admin, nil).Get("items.0.course_ids"), 1)
	b.do("its courses", chromedp.Click(chromedp.CSS(`[data-testid="invite-courses"] summary`)))
	b.sees("invite-courses", "Botany")
}

// inviteAddresses invites the addresses of a text: checked first, then as a whole, which is refused, then
// those that can be.
func (b *browser) inviteAddresses(s *sitetest.Site, admin string) {
	b.t.Helper()
	b.click("invite-many-submit")
	b.sees("invite-many-form", "Whom to invite?")
	b.fill("invite-many-rows", "one@example.com; TWO@example.com\nnonsense, one@example.com")
	b.click("invite-many-courses")
	b.choose("astronomy")
	b.click("pick-done")
	b.click("invite-many-submit")
	b.sees("invite-many-result", "Checked, nothing is sent. 2 can be invited, 1 invited already, 1 wrong.")
	b.sees("invite-many-row", "3nonsensewrongThis is not an email address")
	b.sees("invite-many-row", "4one@example.cominvited alreadyStands further up, too")
	require.Len(b.t, s.Want(200, "GET", "/admin/invites", admin, nil).Items(), 1)
	b.click("invite-many-atomic")
	b.click("invite-many-send")
	b.sees("invite-many-result", "Nothing was sent. 0 invited, 1 invited already, 1 wrong, 2 left out.")
	b.shot("invite-many-atomic")
	b.narrow("invite-many-atomic-narrow")
	b.click("invite-many-atomic")
	b.click("invite-many-send")
	b.sees("invite-many-result", "Sent. 2 invited, 1 invited already, 1 wrong.")
	require.Contains(b.t, s.WaitForText("two@example.com", "/join#code="), "Astronomy")
	b.page("invites-all")
	b.click("invite-many-submit")
	b.sees("invite-many-row", "1one@example.cominvited alreadyHas an open invite")
}

// inviteTable invites the addresses of a file and returns the id of the batch.
func (b *browser) inviteTable(s *sitetest.Site, admin string) (batchID string) {
	b.t.Helper()
	table := filepath.Join(b.t.TempDir(), "class.csv")
	require.NoError(b.t, os.WriteFile(table, []byte("Name,Email\r\n\"Doe, Jane\",jane@example.com\r\nX,y\r\n"), 0o600))
	b.do("a file beside addresses", chromedp.SetUploadFiles(id("invite-many-file"), []string{table}))
	b.click("invite-many-submit")
	b.sees("invite-many-form", "Either addresses or a file")
	b.empty("invite-many-rows")
	b.fill("invite-many-note", "autumn & more")
	b.click("invite-many-submit")
	b.sees("invite-many-result", "1 can be invited, 0 invited already, 1 wrong.")
	b.click("invite-many-send")
	b.sees("invite-many-result", "Sent. 1 invited")
	jane := s.Want(200, "GET", "/admin/invites", admin, nil)
	require.Equal(b.t, []any{"jane@example.com", "autumn & more"},
		[]any{jane.Get("items.0.email"), jane.Get("items.0.note")})
	require.Len(b.t, jane.Get("items.0.course_ids"), 1)
	return jane.Text("items.0.batch_id")
}

// revokeOtherBatch opens a batch and revokes the one before it.
func (b *browser) revokeOtherBatch(s *sitetest.Site, admin, batchID string) {
	b.t.Helper()
	b.click("invite-many-batch")
	b.sees("invite-batch-id", batchID)
	b.sees("invite-row", "jane@example.com")
	b.click("invite-all")
	b.do("the form again", chromedp.WaitVisible(id("invite-many-form")))
	other := s.Want(200, "GET", "/admin/invites", admin, nil).Text("items.1.batch_id")
	b.open("/#/invites?batch=" + other)
	b.sees("invite-batch-id", other)
	b.click("invite-revoke-batch")
	b.click("confirm-yes")
	b.sees("invite-row", "revoked")
	b.shot("invite-batch")
	b.narrow("invite-batch-narrow")
	rows, err := js[[]string](b, `[...document.querySelectorAll('`+string(id("invite-row"))+`')].map(e => e.textContent)`)
	require.NoError(b.t, err)
	require.Len(b.t, rows, 2, "%q", rows)
	require.Len(b.t, s.Want(200, "GET", "/admin/invites?status=active", admin, nil).Items(), 2, "the others are left")
}

// Who comes by a link registers first and finds the code again; what does not hold is explained.
func TestTheConsoleRedeemsALinkBeforeAnAccount(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"RATE_LIMIT_REDEEM": "5/1h"})
	admin := s.AdminToken()
	course := s.Want(201, "POST", "/courses", admin,
		`{"title":"Chemistry","status":"published","visibility":"private"}`).Text("id")
	code := s.Invite(admin, map[string]any{"role_to_grant": "member", "course_ids": []string{course}}).Text("code")
	b := newBrowser(t, s.URL)

	b.open("/join#code=" + code)
	b.click("redeem-login")
	b.click("signin-register")
	b.click("register-signin")
	b.click("signin-register") // to and fro, and the way is kept
	b.fill("register-display_name", "Nora")
	b.fill("register-email", "nora@example.com")
	b.fill("register-password", sitetest.Password)
	b.click("register-submit")
	b.sees("redeem-code", code)
	b.shot("redeem")
	b.click("redeem-submit")
	b.sees("redeem-done", "Your role is now: member.")
	b.sees("redeem-course", "Chemistry")
	b.shot("redeem-done")
	b.narrow("redeem-done-narrow")
	b.click("redeem-course")
	b.sees("course", "Chemistry")

	gone := s.Invite(admin, map[string]any{"role_to_grant": "instructor"})
	s.Want(204, "DELETE", "/admin/invites/"+gone.Text("id"), admin, nil)
	soon := time.Now().Add(2 * time.Second)
	late := s.Invite(admin,
		map[string]any{"role_to_grant": "instructor", "expires_at": clock.FromTime(soon).String()}).Text("code")
	foreign := s.Invite(admin, map[string]any{"role_to_grant": "instructor", "email": "other@example.com"}).Text("code")
	_, _, other := s.NewAccount("quick")
	spent := s.Invite(admin, map[string]any{"role_to_grant": "instructor"}).Text("code")
	require.Equal(t, 200, s.Redeem(other, spent).Status)
	time.Sleep(time.Until(soon))
	for _, c := range []struct{ code, where, words string }{
		{code, "redeem-done", "Nothing has changed"},
		{gone.Text("code"), "redeem-error", "This invite was revoked. Ask"},
		{late, "redeem-error", "This invite has expired. Ask"},
		{foreign, "redeem-error", "for another email address than nora@example.com"},
		{spent, "redeem-error", "This invite is used up. Ask"},
		{"nonsense", "redeem-error", "There is no invite with this code."},
		{"nonsense", "redeem-error", "Too many codes were wrong. Try again in"},
	} {
		b.open("/join#code=" + c.code)
		b.sees("redeem-code", c.code)
		b.click("redeem-submit")
		b.sees(c.where, c.words)
	}
	b.shot("redeem-limited")
	require.Empty(t, b.faults)
}

// Where there are no courses nobody is asked for them.
func TestTheConsoleInvitesWithoutCourses(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, map[string]string{"MODULES_DISABLED": "courses"})
	b := newBrowser(t, s.URL)
	b.signIn("admin@lyceum.local", seed.DemoPassword)
	b.open("/#/invites")
	b.fill("invite-many-rows", "one@example.com")
	b.click("invite-many-send")
	b.sees("invite-many-result", "Sent. 1 invited")
	b.click("invite-new-submit")
	b.sees("invite-row", "anybody")
	none, err := js[int](b, `document.querySelectorAll('fieldset, [data-testid="invite-courses"]').length`)
	require.NoError(t, err)
	require.Zero(t, none)

	code := s.Invite(s.AdminToken(), map[string]any{"role_to_grant": "member"}).Text("code")
	b.open("/join#code=" + code)
	b.click("redeem-submit")
	b.sees("redeem-done", "Your role stays: admin.")
	b.click("redeem-go")
	b.do("the account", chromedp.WaitVisible(id("account-email")))
	require.Empty(t, b.faults)
}

// The log is checked and downloaded in the browser, with what its filters say.
func TestTheConsoleExportsTheAuditLog(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	b := newBrowser(t, s.URL)
	b.signIn("admin@lyceum.local", seed.DemoPassword)
	b.open("/#/audit")
	b.sees("audit-list", "user.registered")
	known, err := js[[]string](b,
		`[...document.querySelectorAll('`+string(id("audit-action"))+` option')].map(e => e.value).filter(Boolean)`)
	require.NoError(t, err)
	require.Equal(t, slices.Sorted(maps.Keys(targets)), known)
	b.click("audit-verify")
	b.sees("audit-verdict", "The chain holds: ")
	b.shot("audit-verdict")
	b.narrow("audit-narrow")

	lines := strings.Split(strings.TrimSpace(b.downloads("audit-export-ndjson", "audit-log.ndjson")), "\n")
	require.Greater(t, len(lines), 5)
	var entry struct{ Action string }
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &entry))

	_, err = js[bool](b,
		`(() => { const e = document.querySelector('`+string(id("audit-action"))+`'); e.value = "user.registered"; return e.dispatchEvent(new Event("change", { bubbles: true })); })()`)
	require.NoError(t, err)
	rows, err := csv.NewReader(strings.NewReader(b.downloads("audit-export-csv", "audit-log.csv"))).ReadAll()
	require.NoError(t, err)
	require.Greater(t, len(rows), 1)
	for n, row := range rows {
		require.Equal(t, map[bool]string{true: "action", false: "user.registered"}[n == 0], row[3])
	}
	b.sees("notice", "Exported.")
	require.Empty(t, b.faults)
}

// findsOnly waits until the open dialog lists one course alone, as the list moves what stands below it.
func (b *browser) findsOnly(slug string) {
	b.t.Helper()
	script := `[...document.querySelectorAll('[data-testid="pick-course"]')].map(e => e.dataset.slug).join()`
	require.Eventually(b.t, func() bool {
		found, err := js[string](b, script)
		return err == nil && found == slug
	}, 15*time.Second, 50*time.Millisecond, "%s is not the only one", slug)
}

// choose ticks a course in the open dialog.
func (b *browser) choose(slug string) {
	b.t.Helper()
	// In one go: the list is drawn anew a moment after the search was typed, and a click of two halves may meet both.
	script := `(() => { const box = document.querySelector('[data-testid="pick-course"][data-slug="` + slug + `"]');
		if (box && !box.checked) box.click(); return !!box && box.checked; })()`
	require.Eventually(b.t, func() bool {
		chosen, err := js[bool](b, script)
		return err == nil && chosen
	}, 15*time.Second, 50*time.Millisecond, "%s is not to be chosen", slug)
}

// narrow takes a picture as on a telephone, and finds nothing that sticks out of the page.
func (b *browser) narrow(name string) {
	b.t.Helper()
	b.do("narrow", chromedp.EmulateViewport(400, 900))
	wide, err := js[float64](b, `document.documentElement.scrollWidth`)
	require.NoError(b.t, err)
	require.LessOrEqual(b.t, wide, 400.0, name)
	b.page(name)
	b.do("wide", chromedp.EmulateViewport(1280, 900))
}

// page is shot for the whole length of a page.
func (b *browser) page(name string) {
	dir := os.Getenv("LYCEUM_SCREENSHOTS")
	if dir == "" {
		return
	}
	if png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100)); err == nil {
		_ = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600)
	}
}

// downloads clicks and gives what the browser has saved under that name.
func (b *browser) downloads(testid, name string) string {
	b.t.Helper()
	dir := b.t.TempDir()
	b.do("a folder for downloads", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, saving.SetDownloadBehavior,
			saving.SetDownloadBehaviorParams{Behavior: saving.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir})
		return err
	}))
	b.click(testid)
	var data []byte
	require.Eventually(b.t, func() bool {
		data, _ = os.ReadFile(filepath.Join(dir, name))
		return len(data) > 0
	}, 15*time.Second, 100*time.Millisecond, "no %s", name)
	return string(data)
}

func TestConsoleSaysWhatIsDoneAlready(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	admin := s.AdminToken()
	email, _, _ := s.NewAccount("scanned")
	token := s.WaitForLink(email, "/verify#token=", "")
	s.Want(200, "POST", "/auth/verify-email", "", map[string]string{"token": token}) // a program that checks mails
	b := newBrowser(t, s.URL)
	b.open("/verify#token=" + token)
	b.sees("verify-done", "Your address is verified already.")
	made := s.Invite(admin, map[string]any{"role_to_grant": "member", "email": email})
	b.signIn("admin@lyceum.local", seed.DemoPassword)
	b.open("/#/invites")
	b.click("invite-resend")
	require.Eventually(t, func() bool { return len(s.MailedCodes(email)) == 2 }, 20*time.Second, 100*time.Millisecond)
	require.Equal(t, "active", s.Want(200, "GET", "/admin/invites/"+made.Text("id"), admin, nil).Text("status"))
	require.Empty(t, b.faults)
}
