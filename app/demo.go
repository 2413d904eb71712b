package main

import (
	"bytes"
	"context"
	_ "embed"

	"github.com/google/uuid"
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
	return append([]config.Section{demoSettings}, modules.ListSettings()...)
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

// loadDemo fills an empty embedded database so that a newcomer finds something to look at. It reports whether the demo
// accounts are there. Accounts and courses come all or none. The video is stored before them, under the id that its
// owner is going to have; a start that was interrupted in between is continued by the next one.
func loadDemo(ctx context.Context, p parts) (bool, error) {
	if !config.SettingsOf[demoConfig](p.Config).Enabled || p.Config.IsProduction() || !p.Config.HasEmbeddedDatabase() {
		return false, nil
	}
	empty, err := p.Users.Empty(ctx)
	if err != nil {
		return false, err
	}
	if !empty {
		// An earlier start may have loaded it: the greeting names its accounts then, too.
		return p.Auth.Known(ctx, demoAccounts[0].email)
	}
	instructor := identity.WithCaller(ctx, identity.Caller{UserID: demoID("instructor@lyceum.local"), Role: usersapi.RoleAdmin, Via: "cli"})
	if p.Demo.Assets != nil {
		video := bytes.NewReader(demoVideo)
		if err := p.Demo.Assets.Store(instructor, demoID("instructor@lyceum.local"), demoVideoKey, "video/mp4", video.Size(), video); err != nil {
			return false, err
		}
	}
	err = p.DB.InTx(instructor, func(ctx context.Context) error {
		if err := createDemoAccounts(ctx, p.Auth); err != nil {
			return err
		}
		return createDemoCourses(ctx, p.Demo)
	})
	return err == nil, err
}

// demoID returns the id of a demo account, which is the same in every installation.
func demoID(email string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("lyceum demo "+email)).String()
}

func createDemoAccounts(ctx context.Context, s *auth.Service) error {
	ctx = identity.WithCaller(ctx, identity.Caller{Via: "cli"})
	for _, a := range demoAccounts {
		_, err := s.Register(ctx, auth.NewUser{
			ID: demoID(a.email), Email: a.email, Password: demoPassword, DisplayName: a.name, Role: a.role, Verified: true, Demo: true,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// createDemoCourses creates the courses of the caller. Their video is there if the server keeps files.
func createDemoCourses(ctx context.Context, p demoParts) error {
	if p.Courses == nil {
		return nil
	}
	video := ""
	if p.Assets != nil {
		video = demoVideoKey
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
