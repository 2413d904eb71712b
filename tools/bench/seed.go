package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// seedSize is how much there is in the database.
type seedSize struct{ courses, learners int }

// fullSize is the size for measuring, and quickSize that for trying.
var (
	fullSize  = seedSize{courses: 200, learners: 32}
	quickSize = seedSize{courses: 20, learners: 8}
)

const (
	lessonsPerCourse = 5
	// signedCourses is the number of courses whose first lesson has the file.
	signedCourses = 10
	// seedWorkers is how many requests are sent at the same time while the database is filled.
	seedWorkers     = 4
	fileKey         = "bench/video.txt"
	fileType        = "text/plain"
	learnerPassword = "correct horse battery"
)

// learner is an account with the role member that is enrolled in every course.
type learner struct{ id, email, token string }

// course is a public course with lessonsPerCourse lessons.
type course struct {
	id      string
	lessons []string
}

// dataset is what the database has been filled with.
type dataset struct {
	courses  []course
	learners []learner
	admin    learner
	// reports counts the changing reports, so that each is higher than the one before in its lesson.
	reports atomic.Int64
}

// identified is the part of an answer that says what was made.
type identified struct {
	ID string `json:"id"`
}

// session is the part of the answer to a login that is used.
type session struct {
	Token string     `json:"access_token"`
	User  identified `json:"user"`
}

// seeder fills the database through the API.
type seeder struct {
	client *loadClient
	admin  string
	data   *dataset
}

// seedSite fills the database of a new site and returns what is in it.
func seedSite(ctx context.Context, client *loadClient, size seedSize) (*dataset, error) {
	admin, err := logIn(client, adminEmail, adminPassword)
	if err != nil {
		return nil, err
	}
	d := &dataset{courses: make([]course, size.courses), learners: make([]learner, size.learners)}
	d.admin = learner{admin.User.ID, adminEmail, admin.Token}
	s := &seeder{client: client, admin: admin.Token, data: d}
	if err := s.uploadFile(ctx); err != nil {
		return nil, err
	}
	for _, step := range []struct {
		times int
		do    func(i int) error
	}{
		{size.learners, s.addLearner},
		{size.courses, s.addCourse},
		{size.courses * size.learners, s.beginCourse},
		{unchangedCourses(d) * size.learners, s.reportHalf},
	} {
		if err := repeat(ctx, step.times, step.do); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// repeat calls do with 0 to n-1, seedWorkers at the same time, and returns the first error.
func repeat(ctx context.Context, n int, do func(i int) error) error {
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(seedWorkers)
	for i := range n {
		if groupCtx.Err() != nil {
			break
		}
		group.Go(func() error { return do(i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// logIn returns a new session of an account.
func logIn(client *loadClient, email, password string) (session, error) {
	login := request{method: "POST", path: "/auth/login", want: 200}
	return call[session](client, login, map[string]string{"email": email, "password": password})
}

// uploadFile stores the file that lessons use.
func (s *seeder) uploadFile(ctx context.Context) error {
	type begun struct {
		ID     string `json:"id"`
		Upload struct {
			Method  string            `json:"method"`
			URL     string            `json:"url"`
			Headers map[string]string `json:"headers"`
		} `json:"upload"`
	}
	content := []byte("a video in miniature")
	up, err := call[begun](s.client, request{method: "POST", path: "/storage/uploads", token: s.admin, want: 201},
		map[string]any{"key": fileKey, "content_type": fileType, "size": len(content)})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, up.Upload.Method, up.Upload.URL, bytes.NewReader(content))
	if err != nil {
		return err
	}
	for name, value := range up.Upload.Headers {
		req.Header.Set(name, value)
	}
	res, err := (&http.Client{Timeout: requestTime}).Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return fmt.Errorf("the upload answered %s", res.Status)
	}
	done := request{method: "POST", path: "/storage/uploads/" + up.ID + "/complete", token: s.admin, want: 200}
	_, _, err = s.client.sendOnce(done)
	return err
}

// addLearner registers the i-th learner, makes them a member and logs them in.
func (s *seeder) addLearner(i int) error {
	email := fmt.Sprintf("learner-%d@example.com", i)
	made, err := call[identified](s.client, request{method: "POST", path: "/auth/register", want: 201},
		map[string]string{"email": email, "password": learnerPassword})
	if err != nil {
		return err
	}
	_, _, err = s.client.sendOnce(request{
		method: "PATCH", path: "/admin/users/" + made.ID, token: s.admin, body: `{"role":"member"}`, want: 200,
	})
	if err != nil {
		return err
	}
	in, err := logIn(s.client, email, learnerPassword)
	s.data.learners[i] = learner{made.ID, email, in.Token}
	return err
}

// addCourse makes the i-th course with its lessons and enrolls all learners.
func (s *seeder) addCourse(i int) error {
	made, err := call[identified](s.client, request{method: "POST", path: "/courses", token: s.admin, want: 201},
		map[string]any{
			"title": fmt.Sprint("Course ", i), "summary": "What it is about, in a sentence or two.",
			"description": "Longer text.", "tags": []string{"go", "web"}, "status": "published", "visibility": "public",
		})
	if err != nil {
		return err
	}
	c := course{id: made.ID}
	for j := range lessonsPerCourse {
		body := map[string]any{"title": fmt.Sprint("Lesson ", j), "content": "Text."}
		if j == 0 && i < signedCourses {
			body["asset_key"] = fileKey
		}
		lesson, err := call[identified](s.client,
			request{method: "POST", path: "/courses/" + c.id + "/lessons", token: s.admin, want: 201}, body)
		if err != nil {
			return err
		}
		c.lessons = append(c.lessons, lesson.ID)
	}
	s.data.courses[i] = c
	return s.enrollAll(c)
}

// enrollAll enrolls all learners in a course.
func (s *seeder) enrollAll(c course) error {
	rows := make([]map[string]string, len(s.data.learners))
	for i, l := range s.data.learners {
		rows[i] = map[string]string{"email": l.email}
	}
	type outcome struct {
		Created int `json:"created"`
	}
	done, err := call[outcome](s.client,
		request{method: "POST", path: "/courses/" + c.id + "/enrollments/batch", token: s.admin, want: 200},
		map[string]any{"rows": rows})
	if err == nil && done.Created != len(rows) {
		err = fmt.Errorf("%d of %d learners were enrolled", done.Created, len(rows))
	}
	return err
}

// beginCourse reports the first percent of a learner in a course: the first report takes more than those that follow.
func (s *seeder) beginCourse(i int) error {
	return s.sendReport(i, progressReport{lesson: changingLesson, percent: 1})
}

// reportHalf stores the report that progress-unchanged repeats.
func (s *seeder) reportHalf(i int) error { return s.sendReport(i, unchangedReport) }

// sendReport sends a report of the i-th pair of a learner and a course.
func (s *seeder) sendReport(i int, r progressReport) error {
	l, c := s.data.pair(i)
	_, _, err := s.client.sendOnce((&lyceumRoutes{}).reportProgress(l, c, r))
	return err
}
