package notifications

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/validation"
)

type announcementInput struct {
	ID   string `path:"id"`
	Body struct {
		Title string `json:"title" minLength:"1" maxLength:"200"`
		Body  string `json:"body" minLength:"1" maxLength:"20000" doc:"Plain text"`
	}
}

// announcementView is an announcement.
type announcementView struct {
	ID        string     `json:"id"`
	CourseID  string     `json:"course_id"`
	AuthorID  string     `json:"author_id"`
	Title     string     `json:"title"`
	Body      string     `json:"body"`
	CreatedAt clock.Time `json:"created_at"`
}

// Resolve implements huma.Resolver.
func (in *announcementInput) Resolve(ctx huma.Context) []error { return validation.CheckInput(ctx, in) }

// checkAnnouncement returns the faults of an announcement that can be found without the database.
func checkAnnouncement(_ context.Context, in *announcementInput) (faults validation.Faults) {
	_, _, err := cleanAnnouncement(in.Body.Title, in.Body.Body)
	faults.Add("", err)
	return faults
}

const createAnnouncementDoc = "For the owner of the course and administrators. Tells all who are enrolled, in the console " +
	"and by mail as they prefer."

// createAnnouncement answers POST /courses/{id}/announcements.
func (h *handlers) createAnnouncement(ctx context.Context, in *announcementInput) (*httpx.Response[announcementView], error) {
	a, err := h.service.createAnnouncement(ctx, in.ID, in.Body.Title, in.Body.Body)
	if err != nil {
		return nil, err
	}
	// No route answers at this location yet; it only names the announcement.
	return httpx.Created("/courses/"+a.CourseID+"/announcements/"+a.ID,
		announcementView{a.ID, a.CourseID, a.AuthorID, a.Title, a.Body, a.CreatedAt}), nil
}
