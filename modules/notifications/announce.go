package notifications

import (
	"context"
	"strings"

	"golang.org/x/text/unicode/norm"

	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// Bounds of an announcement, in characters. Texts of errors and of the API repeat them.
const (
	maxAnnouncementTitle = 200
	maxAnnouncementBody  = 20_000
)

var (
	errNoCourse       = apperr.NotFound("There is no such course.")
	errNotCourseOwner = apperr.Forbidden("Only the owner of the course and administrators may do that.")
)

// createAnnouncement creates an announcement. The learners who are enrolled now are told of it soon
// after. It returns a validation error for a title or a body that breaks a rule, errNoCourse if the
// caller may not read the course, and errNotCourseOwner if they are neither its owner nor an
// administrator.
func (s *Service) createAnnouncement(ctx context.Context, courseID, title, body string) (*announcement, error) {
	title, body, err := cleanAnnouncement(title, body)
	if err != nil {
		return nil, err
	}
	if err := s.requireCourseOwner(ctx, courseID); err != nil {
		return nil, err
	}
	a := &announcement{
		ID: ids.New(), CourseID: courseID, AuthorID: identity.CallerFrom(ctx).UserID, Title: title, Body: body,
		CreatedAt: s.clock.Now(),
	}
	return a, s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.store.insertAnnouncement(ctx, a); err != nil {
			return err
		}
		return s.publishNews(ctx, newsDue{Kind: kindAnnouncement, CourseID: a.CourseID, AnnouncementID: a.ID})
	})
}

// cleanAnnouncement returns the title and the body in the form in which they are stored. It returns
// a validation error for a title or a body that is empty or too long, and for a title with control
// characters.
func cleanAnnouncement(title, body string) (string, string, error) {
	title = text.CleanLine(title)
	body = strings.TrimSpace(norm.NFC.String(strings.ReplaceAll(body, "\r\n", "\n")))
	var broken []apperr.Field
	switch n := text.CountRunes(title); {
	case n == 0 || n > maxAnnouncementTitle:
		broken = append(broken, apperr.Field{Location: "title", Message: "must have 1 to 200 characters"})
	case text.CheckLine(title) != nil:
		broken = append(broken, apperr.Field{Location: "title", Message: text.ErrControlCharacter.Error()})
	}
	if n := text.CountRunes(body); n == 0 || n > maxAnnouncementBody {
		broken = append(broken, apperr.Field{Location: "body", Message: "must have 1 to 20,000 characters"})
	}
	if len(broken) > 0 {
		return "", "", apperr.InvalidFields(broken...)
	}
	return title, body, nil
}

// requireCourseOwner returns errNoCourse or errNotCourseOwner unless the caller owns the course or
// is an administrator.
func (s *Service) requireCourseOwner(ctx context.Context, courseID string) error {
	caller := identity.CallerFrom(ctx)
	c, ok, err := s.courses.Find(ctx, courseID)
	if err != nil {
		return err
	}
	if !ok {
		return errNoCourse
	}
	if c.OwnerID == caller.UserID || caller.HasRole(usersapi.RoleAdmin) {
		return nil
	}
	readable, err := s.courses.CanRead(ctx, caller, courseID)
	if err != nil {
		return err
	}
	if !readable {
		return errNoCourse
	}
	return errNotCourseOwner
}
