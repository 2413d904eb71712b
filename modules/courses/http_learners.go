package courses

import (
	"context"
	"slices"
	"strconv"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/clock"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/csvrows"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/httpx/stream"
)

type learnerPerson struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	Email       string `json:"email"`
}

type learnerView struct {
	User             learnerPerson `json:"user"`
	Percent          int           `json:"percent" minimum:"0" maximum:"100"`
	CompletedLessons int           `json:"completed_lessons"`
	EnrolledAt       clock.Time    `json:"enrolled_at" doc:"The first enrollment: leaving and coming back doesn't change it"`
	LastActivityAt   *clock.Time   `json:"last_activity_at" nullable:"true"`
	CompletedAt      *clock.Time   `json:"completed_at" nullable:"true"`
}

func learnerViewOf(l learning, a usersapi.Account, lessons int) learnerView {
	p := l.Sums.view(lessons)
	name := a.DisplayName
	if a.ID == "" {
		name = usersapi.DeletedName // gone this moment
	}
	return learnerView{learnerPerson{l.UserID, name, a.Email}, p.Percent, p.CompletedLessons, l.EnrolledAt, l.Sums.LastActivityAt, p.CompletedAt}
}

type learnersInput struct {
	pagination.Query
	ID string `path:"id"`
}

func (h *handlers) learners(ctx context.Context, in *learnersInput) (*pagination.Response[learnerView], error) {
	c, err := h.service.oversee(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if csvrows.PrefersCSV(ctx) {
		return pagination.NewStreamResponse[learnerView](h.learnersCSV(c)), nil
	}
	return pagination.List(ctx, h.cursors.NewRequest("learners", c.ID, in.Query),
		func(after *position, limit int) ([]learning, error) {
			return h.service.listLearners(ctx, c.ID, after, limit)
		},
		func(found []learning) ([]learnerView, error) {
			accounts, err := h.service.accountsOf(ctx, found)
			return pagination.MapRows(found, func(l *learning) learnerView {
				return learnerViewOf(*l, accounts[l.UserID], c.LessonCount)
			}), err
		},
		func(l *learning) position { return position{At: l.EnrolledAt, ID: l.UserID} })
}

type learnerInput struct {
	ID     string `path:"id"`
	UserID string `path:"user_id"`
}

func (h *handlers) takeOut(ctx context.Context, in *learnerInput) (*httpx.Empty, error) {
	return nil, h.service.takeOut(ctx, in.ID, in.UserID)
}

var learnerColumns = []string{"user_id", "display_name", "email", "percent", "completed_lessons", "enrolled_at", "last_activity_at", "completed_at"}

func (h *handlers) learnersCSV(c *course) *stream.Response {
	return csvrows.StreamTable(c.Slug+"-learners.csv", func(ctx context.Context, row func(...string) error) error {
		if err := row(slices.Clone(learnerColumns)...); err != nil {
			return err
		}
		return h.service.eachLearner(ctx, c.ID, func(l learning, a usersapi.Account) error {
			v := learnerViewOf(l, a, c.LessonCount)
			return row(v.User.ID, v.User.DisplayName, v.User.Email, strconv.Itoa(v.Percent), strconv.Itoa(v.CompletedLessons),
				v.EnrolledAt.String(), timeOrEmpty(v.LastActivityAt), timeOrEmpty(v.CompletedAt))
		})
	})
}

func timeOrEmpty(t *clock.Time) string {
	if t == nil {
		return ""
	}
	return t.String()
}
