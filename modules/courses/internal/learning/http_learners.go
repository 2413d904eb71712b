package learning

import (
	"context"
	"slices"
	"strconv"

	"lyceum/modules/courses/internal/course"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/stream"
)

// learnerPerson is the account of a learner. Managers of the course see its address.
type learnerPerson struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	Email       string `json:"email"`
}

// learnerView is a learner of a course with their progress.
type learnerView struct {
	User             learnerPerson `json:"user"`
	Percent          int           `json:"percent" minimum:"0" maximum:"100"`
	CompletedLessons int           `json:"completed_lessons"`
	EnrolledAt       clock.Time    `json:"enrolled_at" doc:"The first enrollment: leaving and coming back doesn't change it"`
	LastActivityAt   *clock.Time   `json:"last_activity_at" nullable:"true"`
	CompletedAt      *clock.Time   `json:"completed_at" nullable:"true"`
}

// newLearnerView returns the view of a learner. a is the zero value for a deleted account.
func newLearnerView(l learner, a usersapi.Account, lessons int) learnerView {
	name := a.DisplayName
	if a.ID == "" {
		name = usersapi.DeletedName // the account was deleted a moment ago
	}
	p := NewProgressView(l.Progress, lessons)
	return learnerView{
		User: learnerPerson{l.UserID, name, a.Email}, Percent: p.Percent, CompletedLessons: p.CompletedLessons,
		EnrolledAt: l.EnrolledAt, LastActivityAt: l.Progress.LastActivityAt, CompletedAt: p.CompletedAt,
	}
}

// learnersInput is a page of the learners of a course.
type learnersInput struct {
	pagination.Query
	ID string `path:"id"`
}

const listLearnersDoc = "For the owner and administrators. Returns who is enrolled, with address, progress and last " +
	"activity. Accept: text/csv streams all of them as a table."

// listLearners answers GET /courses/{id}/learners with one page, the earliest enrollment first. As
// CSV, it is all of them.
func (h *Handlers) listLearners(ctx context.Context, in *learnersInput) (*pagination.Response[learnerView], error) {
	c, err := h.service.findManagedCourse(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if csvrows.PrefersCSV(ctx) {
		return pagination.NewStreamResponse[learnerView](h.streamLearners(c)), nil
	}
	return pagination.List(ctx, h.cursors.NewRequest("learners", c.ID, in.Query),
		func(after *course.PagePosition, limit int) ([]learner, error) {
			return h.service.listLearners(ctx, c.ID, after, limit)
		},
		func(found []learner) ([]learnerView, error) {
			accounts, err := h.service.listAccounts(ctx, found)
			return pagination.MapRows(found, func(l *learner) learnerView {
				return newLearnerView(*l, accounts[l.UserID], c.LessonCount)
			}), err
		},
		func(l *learner) course.PagePosition {
			return course.PagePosition{At: l.EnrolledAt, ID: l.UserID}
		})
}

// learnerColumns are the columns of the list of learners as CSV.
var learnerColumns = []string{
	"user_id", "display_name", "email", "percent", "completed_lessons", "enrolled_at", "last_activity_at",
	"completed_at",
}

// streamLearners returns all learners of a course as CSV.
func (h *Handlers) streamLearners(c *course.Course) *stream.Response {
	return csvrows.StreamTable(c.Slug+"-learners.csv", func(ctx context.Context, row func(...string) error) error {
		if err := row(slices.Clone(learnerColumns)...); err != nil {
			return err
		}
		return h.service.eachLearner(ctx, c.ID, func(l learner, a usersapi.Account) error {
			v := newLearnerView(l, a, c.LessonCount)
			return row(v.User.ID, v.User.DisplayName, v.User.Email,
				strconv.Itoa(v.Percent), strconv.Itoa(v.CompletedLessons),
				v.EnrolledAt.String(), formatOptional(v.LastActivityAt), formatOptional(v.CompletedAt))
		})
	})
}

// formatOptional returns a time as text, empty for nil.
func formatOptional(t *clock.Time) string {
	if t == nil {
		return ""
	}
	return t.String()
}

const removeLearnerDoc = "For the owner and administrators. The learner's progress is kept, and further reports " +
	"don't enroll the learner again. They come back when they enroll themselves where they may read the course, or " +
	"by a batch or an invite. An account that is not enrolled: 204, and nothing changes."

// learnerInput names a learner of a course.
type learnerInput struct {
	ID     string `path:"id"`
	UserID string `path:"user_id"`
}

// removeLearner answers DELETE /courses/{id}/learners/{user_id} with 204.
func (h *Handlers) removeLearner(ctx context.Context, in *learnerInput) (*httpx.Empty, error) {
	return nil, h.service.removeLearner(ctx, in.ID, in.UserID)
}
