package main

import (
	"bytes"
	"context"
	_ "embed"

	"go.uber.org/fx"

	"lyceum/modules/auth"
	"lyceum/modules/courses"
	"lyceum/modules/storage/storageapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/config"
	"lyceum/platform/identity"
)

// demoConfig holds the setting of the demo data.
type demoConfig struct {
	Enabled bool `env:"DEMO" envDefault:"true"`
}

var demoSettings = config.DeclareSection[demoConfig]("Demo data", config.Doc{
	Key: "DEMO", Text: "Demo accounts and courses in an empty embedded database; never in production.",
})

// allSettings returns the settings of the program beside those of the platform: its own and those of all modules.
func allSettings() []config.Section {
	return append([]config.Section{demoSettings}, modules.Settings()...)
}

const demoPassword = "lyceum-demo-1"

var demoAccounts = []struct {
	email, name string
	role        identity.Role
}{
	{"admin@lyceum.local", "Ada Admin", usersapi.RoleAdmin},
	{"instructor@lyceum.local", "Ivo Instructor", usersapi.RoleInstructor},
	{"member@lyceum.local", "Mira Member", usersapi.RoleMember},
	{"user@lyceum.local", "Uli User", usersapi.RoleUser},
}

const demoVideoKey = "lessons/video.mp4"

//go:embed demo_video.mp4
var demoVideo []byte

// demoParts are what demo data is made with; a disabled module's is nil.
type demoParts struct {
	fx.In
	Courses *courses.Service  `optional:"true"`
	Assets  storageapi.Assets `optional:"true"`
	Clock   clock.Clock
}

type demoCourse struct {
	courses.Draft
	lessons []courses.LessonDraft
}

// loadDemo fills an empty embedded database so that a newcomer finds something to look at. It is
// all or nothing, and says whether the demo accounts are there.
func loadDemo(ctx context.Context, p parts) (bool, error) {
	if !config.SettingsOf[demoConfig](p.Config).Enabled || p.Config.IsProduction() || !p.Config.HasEmbeddedDatabase() {
		return false, nil
	}
	done := false
	err := p.DB.InTx(ctx, func(ctx context.Context) error {
		empty, err := p.Users.Empty(ctx)
		if err != nil {
			return err
		}
		if !empty {
			// An earlier start may have loaded it: the greeting names its accounts then, too.
			done, err = p.Auth.Known(ctx, demoAccounts[0].email)
			return err
		}
		done = true
		ids, err := demoPeople(ctx, p.Auth)
		if err != nil {
			return err
		}
		return demoContent(ctx, p.Demo, ids["instructor@lyceum.local"])
	})
	return done, err
}

func demoPeople(ctx context.Context, s *auth.Service) (map[string]string, error) {
	ctx = identity.WithCaller(ctx, identity.Caller{Via: "cli"})
	ids := map[string]string{}
	for _, a := range demoAccounts {
		made, err := s.Register(ctx, auth.NewUser{Email: a.email, Password: demoPassword, DisplayName: a.name, Role: a.role, Verified: true, Demo: true})
		if err != nil {
			return nil, err
		}
		ids[a.email] = made.ID
	}
	return ids, nil
}

func demoContent(ctx context.Context, p demoParts, owner string) error {
	ctx = identity.WithCaller(ctx, identity.Caller{UserID: owner, Role: usersapi.RoleAdmin, Via: "cli"})
	video := ""
	if p.Assets != nil {
		if err := p.Assets.Store(ctx, owner, demoVideoKey, "video/mp4", int64(len(demoVideo)), bytes.NewReader(demoVideo)); err != nil {
			return err
		}
		video = demoVideoKey
	}
	if p.Courses == nil {
		return nil
	}
	for _, c := range demoCourses(video) {
		made, err := p.Courses.Create(ctx, c.Draft)
		if err != nil {
			return err
		}
		for _, l := range c.lessons {
			if _, err := p.Courses.AddLesson(ctx, made.ID, l); err != nil {
				return err
			}
		}
	}
	return nil
}

func demoCourses(video string) []demoCourse {
	return []demoCourse{
		{courses.Draft{Title: "Welcome to Lyceum", Summary: "A first walk through courses, lessons and progress.", Visibility: "public", Status: "published",
			Description: "Three short lessons that show what a course can hold.", Tags: []string{"start", "tour"}},
			[]courses.LessonDraft{
				{Title: "What is here", Content: "# What is here\n\nA course holds **lessons**; a lesson holds Markdown, and a file if you like.\n\n- read it\n- mark it done\n- watch the percentage rise\n", DurationSeconds: 120},
				{Title: "Watch a video", Content: "This lesson's file comes by a *signed link*: only who may read this lesson can open it.", AssetKey: video, DurationSeconds: 5},
				{Title: "Try it yourself", Content: "1. Log in as `user@lyceum.local`\n2. Open this course\n3. Finish all lessons\n", DurationSeconds: 180},
			}},
		{courses.Draft{Title: "Members' workshop", Summary: "Only members see inside: redeem an invite to become one.", Visibility: "member", Status: "published", Tags: []string{"members"}},
			[]courses.LessonDraft{
				{Title: "Why invites", Content: "An administrator makes an invite; whoever redeems its code gets the role.", DurationSeconds: 60},
				{Title: "Talking in chat", Content: "Open the channel **hq** and say hello.", DurationSeconds: 60},
			}},
		{courses.Draft{Title: "A course in the making", Summary: "A draft: its owner and administrators see it, nobody else.", Status: "draft", Tags: []string{"draft"}},
			[]courses.LessonDraft{{Title: "To be written", Content: "Soon.", DurationSeconds: 0}}},
	}
}
