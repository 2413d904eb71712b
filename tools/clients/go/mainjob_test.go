package client

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"
)

// TestMainJob registers an account, invites it, redeems the invite, reports progress in a course and talks in a
// channel. LYCEUM_URL is the address of the server, LYCEUM_ADMIN and LYCEUM_PASSWORD are an administrator's.
func TestMainJob(t *testing.T) {
	ctx := t.Context()
	c, err := NewClientWithResponses(os.Getenv("LYCEUM_URL"))
	if err != nil {
		t.Fatal(err)
	}
	admin := signIn(t, c, os.Getenv("LYCEUM_ADMIN"), os.Getenv("LYCEUM_PASSWORD"))
	courseID, lessonID := createCourse(t, c, admin)

	email := "go-client-" + strconv.FormatInt(time.Now().UnixNano(), 36) + "@example.org"
	registered, err := c.PostAuthRegisterWithResponse(ctx, nil,
		PostAuthRegisterJSONRequestBody{Email: email, Password: "correct horse battery"})
	require(t, err, registered.HTTPResponse, http.StatusCreated, registered.Body)
	learner := signIn(t, c, email, "correct horse battery")

	locked, err := c.GetCoursesByIdWithResponse(ctx, courseID, nil, learner)
	require(t, err, locked.HTTPResponse, http.StatusForbidden, locked.Body)
	if code := locked.ApplicationproblemJSON403.Code; code != "forbidden" {
		t.Fatalf("a member's course is %s for a user", code)
	}
	invite, err := c.PostAdminInvitesWithResponse(ctx, nil,
		PostAdminInvitesJSONRequestBody{RoleToGrant: InvitesCreateInputBodyRoleToGrantMember}, admin)
	require(t, err, invite.HTTPResponse, http.StatusCreated, invite.Body)
	redeemed, err := c.PostInvitesRedeemWithResponse(ctx,
		PostInvitesRedeemJSONRequestBody{Code: *invite.JSON201.Code}, learner)
	require(t, err, redeemed.HTTPResponse, http.StatusOK, redeemed.Body)

	reported, err := c.PutCoursesByIdLessonsByLessonIdProgressWithResponse(ctx, courseID, lessonID,
		PutCoursesByIdLessonsByLessonIdProgressJSONRequestBody{Percent: 100}, learner)
	require(t, err, reported.HTTPResponse, http.StatusOK, reported.Body)
	if !reported.JSON200.Completed {
		t.Fatalf("%+v is not completed", reported.JSON200)
	}
	sent, err := c.PostChannelsBySlugMessagesWithResponse(ctx, "hq", nil,
		PostChannelsBySlugMessagesJSONRequestBody{Body: "Hello from Go"}, learner)
	require(t, err, sent.HTTPResponse, http.StatusCreated, sent.Body)
}

// createCourse creates a course for members with one lesson.
func createCourse(t *testing.T, c *ClientWithResponses, admin RequestEditorFn) (courseID, lessonID string) {
	t.Helper()
	visibility, status := CoursesCreateInputBodyVisibilityMember, CoursesCreateInputBodyStatusPublished
	course, err := c.PostCoursesWithResponse(t.Context(), nil,
		PostCoursesJSONRequestBody{Title: "Generated clients", Visibility: &visibility, Status: &status}, admin)
	require(t, err, course.HTTPResponse, http.StatusCreated, course.Body)
	lesson, err := c.PostCoursesByIdLessonsWithResponse(t.Context(), course.JSON201.Id, nil,
		PostCoursesByIdLessonsJSONRequestBody{Title: "One"}, admin)
	require(t, err, lesson.HTTPResponse, http.StatusCreated, lesson.Body)
	return course.JSON201.Id, lesson.JSON201.Id
}

// signIn logs an account in and returns what adds its access token to requests.
func signIn(t *testing.T, c *ClientWithResponses, email, password string) RequestEditorFn {
	t.Helper()
	in, err := c.PostAuthLoginWithResponse(t.Context(), PostAuthLoginJSONRequestBody{Email: email, Password: password})
	require(t, err, in.HTTPResponse, http.StatusOK, in.Body)
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+in.JSON200.AccessToken)
		return nil
	}
}

// require ends the test unless an answer has the status.
func require(t *testing.T, err error, res *http.Response, status int, body []byte) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Fatalf("%s, want %d: %s", res.Status, status, body)
	}
}
