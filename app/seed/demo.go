package seed

import (
	"bytes"
	"context"
	_ "embed"

	"github.com/google/uuid"

	"lyceum/modules/auth"
	"lyceum/modules/courses"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/config"
	"lyceum/platform/identity"
)

// Config holds the setting of the demo data.
type Config struct {
	Demo bool `env:"DEMO" envDefault:"true"`
}

// Settings declares Config.
var Settings = config.DeclareSection[Config]("Demo data", config.Doc{
	Key: "DEMO", Text: "Demo accounts and courses in an empty embedded database; never in production.",
})

// DemoPassword is the password of every demo account.
const DemoPassword = "lyceum-demo-1"

// DemoAccount is an account of the demo data.
type DemoAccount struct {
	Email, Name string
	Role        identity.Role
}

// DemoAccounts are the accounts of the demo data, one for each role.
var DemoAccounts = []DemoAccount{
	{"admin@lyceum.local", "Ada Admin", usersapi.RoleAdmin},
	{instructorEmail, "Ivo Instructor", usersapi.RoleInstructor},
	{"member@lyceum.local", "Mira Member", usersapi.RoleMember},
	{"user@lyceum.local", "Uli User", usersapi.RoleUser},
}

// instructorEmail is the address of the account that owns the demo courses.
const instructorEmail = "instructor@lyceum.local"

// DemoVideoKey is the key of the video in a demo course.
const DemoVideoKey = "lessons/video.mp4"

// DemoVideo is the content of that video.
//
//go:embed demo_video.mp4
var DemoVideo []byte

// demoCourse is a course of the demo data with its lessons.
type demoCourse struct {
	courses.CourseContent
	lessons []courses.LessonDraft
}

// loadDemo fills an empty embedded database so that a newcomer finds something to look at. It
// reports whether the demo accounts are there. Accounts and courses are created all or none. The
// video is stored before them, under the id that its owner is going to have; a start that was
// interrupted in between is continued by the next one.
func loadDemo(ctx context.Context, p Parts) (bool, error) {
	isWanted := config.SettingsOf[Config](p.Config).Demo
	if !isWanted || p.Config.IsProduction() || !p.Config.HasEmbeddedDatabase() {
		return false, nil
	}
	empty, err := p.Users.Empty(ctx)
	if err != nil {
		return false, err
	}
	if !empty {
		// An earlier start may have loaded it: the greeting names its accounts then, too.
		return p.Auth.Known(ctx, DemoAccounts[0].Email)
	}
	owner := demoID(instructorEmail)
	asOwner := identity.WithCaller(ctx, identity.Caller{UserID: owner, Role: usersapi.RoleAdmin, Via: "cli"})
	if p.Files != nil {
		video := bytes.NewReader(DemoVideo)
		if err := p.Files.PutFile(asOwner, owner, DemoVideoKey, "video/mp4", video.Size(), video); err != nil {
			return false, err
		}
	}
	err = p.DB.InTx(asOwner, func(ctx context.Context) error {
		if err := createDemoAccounts(ctx, p.Auth); err != nil {
			return err
		}
		return createDemoCourses(ctx, p)
	})
	return err == nil, err
}

// demoID returns the id of a demo account, which is the same in every installation.
func demoID(email string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("lyceum demo "+email)).String()
}

// createDemoAccounts creates DemoAccounts.
func createDemoAccounts(ctx context.Context, s *auth.Service) error {
	for _, a := range DemoAccounts {
		_, err := s.Register(asOperator(ctx), auth.NewUser{
			ID: demoID(a.Email), Email: a.Email, Password: DemoPassword, DisplayName: a.Name, Role: a.Role,
			Verified: true, Demo: true,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// createDemoCourses creates the demo courses, owned by the caller, if the module is on. They show
// the video if the server keeps files.
func createDemoCourses(ctx context.Context, p Parts) error {
	if p.Courses == nil {
		return nil
	}
	videoKey := ""
	if p.Files != nil {
		videoKey = DemoVideoKey
	}
	for _, c := range demoCourses(videoKey) {
		created, err := p.Courses.Create(ctx, c.CourseContent)
		if err != nil {
			return err
		}
		for _, l := range c.lessons {
			if _, err := p.Courses.AddLesson(ctx, created.ID, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// demoCourses returns the demo courses: one for everybody, one for members and a draft.
func demoCourses(videoKey string) []demoCourse {
	return []demoCourse{
		{
			courses.CourseContent{
				Title:       "Welcome to Lyceum",
				Summary:     "A first walk through courses, lessons and progress.",
				Description: "Three short lessons that show what a course can hold.",
				Visibility:  "public", Status: "published", Tags: []string{"start", "tour"},
			},
			[]courses.LessonDraft{
				{
					Title: "What is here", DurationSeconds: 120,
					Content: "# What is here\n\n" +
						"A course has **lessons**. A lesson has a text in Markdown and, if you like, a file.\n\n" +
						"- Read it\n- Mark it as complete\n- Watch the percentage rise\n",
				},
				{
					Title: "Watch a video", DurationSeconds: 5, AssetKey: videoKey,
					Content: "The video is private: it plays from a *signed link*, which only those get who may read this lesson.",
				},
				{
					Title: "Try it yourself", DurationSeconds: 180,
					Content: "1. Log in as `user@lyceum.local`\n2. Open this course\n3. Complete all lessons\n",
				},
			},
		},
		{
			courses.CourseContent{
				Title: "Members' workshop", Summary: "For members only. Redeem an invite to become one.",
				Visibility: "member", Status: "published", Tags: []string{"members"},
			},
			[]courses.LessonDraft{
				{
					Title: "Why invites", DurationSeconds: 60,
					Content: "An administrator creates an invite. An account that redeems its code gets the role of the invite.",
				},
				{
					Title: "Talking in chat", DurationSeconds: 60,
					Content: "Open the channel **Headquarters** and say hello.",
				},
			},
		},
		{
			courses.CourseContent{
				Title: "A course in the making", Summary: "A draft, which only its owner and administrators see.",
				Status: "draft", Tags: []string{"draft"},
			},
			[]courses.LessonDraft{{Title: "To be written", Content: "Soon."}},
		},
	}
}
