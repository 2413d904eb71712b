package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
	"lyceum/platform/testkit"
)

// browser is a headless Chromium that remembers what went wrong in its pages.
type browser struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu     sync.Mutex
	faults []string
}

func newBrowser(t *testing.T, base string) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(testkit.Chromium(t)),
		chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.WindowSize(1280, 900))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, base: base}
	require.NoError(t, chromedp.Do(ctx)) // starts the browser, whose life is the context's
	require.NoError(t, chromedp.Listen(ctx, b.hear))
	_, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, log.Enable, cdp.Empty{})
		return chromedp.Void{}, err
	})
	require.NoError(t, err)
	return b
}

// hear collects exceptions and what the browser refuses: a policy violation is a fault of ours.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		if strings.Contains(e.Entry.Text, "Content Security Policy") || strings.Contains(e.Entry.Text, "TrustedHTML") {
			b.faults = append(b.faults, e.Entry.Text)
		}
	}
}

// stepTimeout is when a step of a browser counts as hanging. It is long, as pages are slow on a machine that compiles.
const stepTimeout = 90 * time.Second

func (b *browser) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.shot("failed")
		text, _ := chromedp.Run(b.ctx, chromedp.TextContent(chromedp.CSS("body")))
		require.NoError(b.t, err, "%s; the page says: %s", what, text)
	}
}

// shot keeps a picture when LYCEUM_SCREENSHOTS names a folder.
func (b *browser) shot(name string) {
	dir := os.Getenv("LYCEUM_SCREENSHOTS")
	if dir == "" {
		return
	}
	time.Sleep(400 * time.Millisecond)
	if png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot()); err == nil {
		_ = os.WriteFile(dir+"/"+name+".png", png, 0o644)
	}
}

func id(testid string) chromedp.CSS { return chromedp.CSS(`[data-testid="` + testid + `"]`) }

// js runs a script in the page and gives its value, awaiting promises.
func js[T any](b *browser, script string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, 15*time.Second)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
}

func (b *browser) click(testid string) {
	b.t.Helper()
	b.do("click "+testid, chromedp.WaitVisible(id(testid)))
	b.settles(testid)
	b.do("click "+testid, chromedp.Click(id(testid)))
}

// settles waits until an element has stayed at its place for a while, with nothing above it: a page that is still drawn or
// scrolled would take it from under the mouse.
func (b *browser) settles(testid string) {
	b.t.Helper()
	const place = `(() => { const e = document.querySelector('%s'); if (!e) return ""; e.scrollIntoView({block: "center", behavior: "instant"});
		const r = e.getBoundingClientRect(), top = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
		return !e.contains(top) ? "" : [r.left, r.top, r.width, r.height].join(" "); })()`
	before := ""
	require.Eventually(b.t, func() bool {
		now, err := js[string](b, fmt.Sprintf(place, id(testid)))
		same := err == nil && now != "" && now == before
		before = now
		return same
	}, 15*time.Second, 50*time.Millisecond, "%s never stays at its place, or something covers it", testid)
}

func (b *browser) fill(testid, text string) {
	b.t.Helper()
	b.do("fill "+testid, chromedp.WaitVisible(id(testid)), chromedp.SendKeys(id(testid), text))
}

func (b *browser) sees(testid, text string) {
	b.t.Helper()
	if !assert.Eventually(b.t, func() bool {
		all, err := js[[]string](b,
			`[...document.querySelectorAll('`+string(id(testid))+`')].map(e => e.textContent + ' ' + (e.value ?? ''))`)
		return err == nil && strings.Contains(strings.Join(all, "\n"), text)
	}, 15*time.Second, 100*time.Millisecond, "%s never says %q", testid, text) {
		b.shot("failed")
		b.t.FailNow()
	}
}

func (b *browser) open(path string) {
	b.t.Helper()
	b.do("open "+path, chromedp.Navigate(b.base+path))
}

func (b *browser) signIn(email, password string) {
	b.t.Helper()
	b.open("/#/signin")
	b.fill("signin-email", email)
	b.fill("signin-password", password)
	b.click("signin-submit")
	b.do("signed in", chromedp.WaitVisible(id("nav-logout")))
}

// The same walk as with curl, by hand in a browser, without one violation of the page's policy.
func TestH1TheConsoleDoesTheWalkWithoutAViolation(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	code := s.Want(201, "POST", "/admin/invites", s.AdminToken(), `{"role_to_grant":"member"}`).Text("code")
	b := newBrowser(t, s.URL)

	b.open("/")
	b.sees("course-card", "Welcome to Lyceum")
	b.shot("courses")
	s.Want(201, "POST", "/auth/register", "",
		map[string]string{"email": "hand@example.com", "password": sitetest.Password, "display_name": "Hanna Weber"})
	b.signIn("hand@example.com", sitetest.Password)

	b.open("/join#code=" + code)
	b.click("redeem-submit")
	b.sees("redeem-done", "Your role is now: member.")
	b.click("redeem-go")
	b.sees("course-card", "Members' workshop")

	b.open("/#/courses/welcome-to-lyceum")
	b.sees("lesson-list", "What is here")
	b.shot("course")
	b.do("first lesson", chromedp.WaitVisible(id("lesson-link")), chromedp.Click(id("lesson-link")))
	b.click("lesson-complete")
	me := s.Login("hand@example.com", sitetest.Password)
	require.Eventually(t, func() bool {
		items := s.Want(200, "GET", "/users/me/progress", me, nil).Items()
		return len(items) == 1 && items[0].(map[string]any)["completed_lessons"] == 1.0
	}, 10*time.Second, 100*time.Millisecond)
	b.plays("/#/courses/welcome-to-lyceum", 1)

	b.open("/#/chat/hq")
	b.fill("chat-input", "hello by hand")
	b.click("chat-send")
	b.sees("chat-message", "hello by hand")
	s.Want(201, "POST", "/channels/hq/messages", s.AdminToken(), `{"body":"hello back"}`)
	b.sees("chat-message", "hello back")
	b.shot("chat")

	b.open("/dev/mailbox")
	b.sees("mailbox-list", "hand@example.com")
	b.open("/docs")
	b.do("docs", chromedp.WaitVisible(chromedp.CSS(".opblock")))
	b.shot("docs")
	require.Empty(t, b.faults)
}

// plays seeks in the video of a course's lesson, which comes by a signed URL and ranges.
func (b *browser) plays(course string, lesson int) {
	b.t.Helper()
	b.open(course)
	b.do("lessons", chromedp.WaitVisible(id("lesson-link")))
	_, err := js[any](b, fmt.Sprintf(`document.querySelectorAll('%s')[%d].click(), true`, id("lesson-link"), lesson))
	require.NoError(b.t, err)
	b.do("video", chromedp.WaitVisible(id("lesson-video")))
	at, err := js[float64](b,
		`new Promise((done, fail) => { const v = document.querySelector('`+string(id("lesson-video"))+`');
		const seek = () => { v.onseeked = () => done(v.currentTime); v.onerror = () => fail(v.error.message); v.currentTime = 4; };
		if (v.readyState >= 1) seek(); else v.onloadedmetadata = seek; })`)
	require.NoError(b.t, err)
	require.InDelta(b.t, 4, at, 0.2)
	time.Sleep(time.Second) // the picture is drawn after the seek
	b.shot("video")
}

// The same video from the object store itself, which is another origin: the page's policy lets it in, and nothing else.
func TestAVideoSeeksStraightFromS3(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, sitetest.Services(t))
	admin := s.AdminToken()
	s.AddAsset(admin, seed.DemoVideoKey, "video/mp4", string(seed.DemoVideo))
	course := s.Want(201, "POST", "/courses", admin, `{"title":"From the store","status":"published"}`)
	s.Want(201, "POST", "/courses/"+course.Text("id")+"/lessons", admin,
		map[string]string{"title": "Film", "asset_key": seed.DemoVideoKey})
	link := s.Want(200, "GET", "/storage/sign?key="+seed.DemoVideoKey, admin, nil).Text("url")
	require.False(t, strings.HasPrefix(link, s.URL), "the bytes don't pass through the program")
	b := newBrowser(t, s.URL)
	b.signIn("admin@lyceum.local", seed.DemoPassword)
	b.plays("/#/courses/"+course.Text("slug"), 0)
	require.Empty(t, b.faults)
}

// The administrator's side of the console.
func TestH1TheConsoleAdministersWithoutAViolation(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	b := newBrowser(t, s.URL)
	b.signIn("admin@lyceum.local", seed.DemoPassword)
	b.open("/#/audit")
	b.click("audit-verify")
	b.sees("audit-list", "user.registered")
	b.shot("audit")
	b.open("/#/invites")
	b.click("invite-new-submit")
	b.do("code", chromedp.WaitVisible(id("invite-code")))
	b.shot("invites")
	b.open("/#/users")
	b.sees("user-list", "Mira Member")
	b.open("/#/account")
	b.sees("session-list", "")
	b.shot("account")
	require.Empty(t, b.faults)
}

// TestConsoleDocsUseItsSession shows the API's page as a developer finds it: the account of the console's session stands
// above it, and a request is sent with that session.
func TestConsoleDocsUseItsSession(t *testing.T) {
	t.Parallel()
	s := sitetest.Start(t, nil)
	b := newBrowser(t, s.URL)
	const operation, button = "/docs#/users/get-users-me", ".opblock.is-open .execute"
	b.open(operation)
	b.do("a visitor", chromedp.WaitVisible(chromedp.CSS(button)))
	b.sees("docs-account", "Sign in at the console")
	b.signIn("instructor@lyceum.local", sitetest.AdminPassword)
	b.open(operation)
	b.do("the operation", chromedp.WaitVisible(chromedp.CSS(button)))
	b.sees("docs-account", "Signed in as ")
	b.do("a request", chromedp.Click(chromedp.CSS(button)),
		chromedp.WaitVisible(chromedp.CSS(".live-responses-table .highlight-code")))
	b.shot("docs-answer")
	b.sees("docs", "\"instructor@lyceum.local\"")
	require.Empty(t, b.faults)
}
