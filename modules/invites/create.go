package invites

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/mail/mailapi"
	"lyceum/platform/apperr"
	"lyceum/platform/clock"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
	"lyceum/platform/text"
)

// grant is what an invite gives to those who redeem it.
type grant struct {
	Role      identity.Role
	ExpiresAt *clock.Time
	CourseIDs []string
	Note      string
}

// inviteParams are the parts of one invite. Email may be empty: then any account may redeem it.
type inviteParams struct {
	grant
	MaxUses int
	Email   string
}

// createdInvite is a new invite with its code, which is never shown again.
type createdInvite struct {
	*invite
	Code string
}

// create creates an invite and returns it with its code. With an address it mails the code there.
// It returns a validation error for a grant that breaks a rule, and a forbidden error if the caller
// has just ceased to be an administrator.
func (s *Service) create(ctx context.Context, p inviteParams) (created createdInvite, err error) {
	titles, err := s.validateGrant(ctx, &p.grant)
	if err != nil {
		return created, err
	}
	created = s.newInvite(ctx, p.grant, s.clock.Now())
	created.MaxUses = p.MaxUses
	if p.Email != "" {
		email, err := text.NormalizeEmail(p.Email)
		if err != nil {
			return created, apperr.Invalid("email", err.Error())
		}
		created.Email = &email
	}
	return created, s.db.InTx(ctx, func(ctx context.Context) error {
		if err := s.requireAdmin(ctx); err != nil {
			return err
		}
		return s.storeInvites(ctx, titles, created)
	})
}

// validateGrant checks a grant and removes repeated courses from it. It returns the titles of the
// courses for the mail.
func (s *Service) validateGrant(ctx context.Context, g *grant) (titles string, err error) {
	if err := checkExpiry(g.ExpiresAt, s.clock.Now()); err != nil {
		return "", err
	}
	if err := text.CheckLine(g.Note); err != nil {
		return "", apperr.Invalid("note", err.Error())
	}
	courses, err := s.findCourses(ctx, g.CourseIDs)
	if err != nil {
		return "", err
	}
	g.CourseIDs = make([]string, len(courses))
	for n, c := range courses {
		g.CourseIDs[n] = c.ID
	}
	slices.Sort(g.CourseIDs) // grants of the same courses are equal, whatever their order
	return listTitles(courses), nil
}

// checkExpiry returns a validation error for an end that is not in the future.
func checkExpiry(expiresAt *clock.Time, now clock.Time) error {
	if expiresAt != nil && !expiresAt.After(now) {
		return apperr.Invalid("expires_at", "must lie in the future")
	}
	return nil
}

// findCourses returns each of the courses once. It returns a validation error for a course that
// does not exist, and problem course-archived for one that takes no learners.
func (s *Service) findCourses(ctx context.Context, courseIDs []string) (courses []coursesapi.Course, err error) {
	if len(courseIDs) == 0 {
		return []coursesapi.Course{}, nil
	}
	if s.courses == nil {
		return nil, apperr.Invalid("course_ids", "there are no courses here")
	}
	known, err := s.courses.Courses(ctx, courseIDs)
	if err != nil {
		return nil, err
	}
	for n, id := range courseIDs {
		c, ok := known[id]
		if !ok {
			return nil, apperr.Invalid(fmt.Sprintf("course_ids[%d]", n), "there is no course with this id")
		}
		if c.Archived {
			return nil, coursesapi.ProblemCourseArchived.New("An archived course takes no new learners.")
		}
		isSame := func(listed coursesapi.Course) bool { return listed.ID == id }
		if !slices.ContainsFunc(courses, isSame) {
			courses = append(courses, c)
		}
	}
	return courses, nil
}

// listTitles returns the titles of courses for a mail: the first ten, and how many more there are.
func listTitles(courses []coursesapi.Course) string {
	const maxListed = 10
	titles := make([]string, len(courses))
	for n, c := range courses {
		titles[n] = c.Title
	}
	if len(titles) <= maxListed {
		return strings.Join(titles, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(titles[:maxListed], ", "), len(titles)-maxListed)
}

// newInvite returns an invite of the caller for one use. It is not stored yet.
func (s *Service) newInvite(ctx context.Context, g grant, now clock.Time) createdInvite {
	code := newCode()
	i := &invite{
		ID: ids.New(), CodeHash: hashCode(s.codeKey, code), CodePrefix: code[:codePrefixSize], RoleToGrant: g.Role,
		Note: g.Note, MaxUses: 1, ExpiresAt: g.ExpiresAt, CreatedBy: identity.CallerFrom(ctx).UserID, CreatedAt: now,
		CourseIDs: encodeCourseIDs(g.CourseIDs),
	}
	return createdInvite{i, code}
}

// storeInvites stores new invites, publishes an audit entry for each, and mails the codes of those
// that have an address. titles are the courses as the mail names them.
func (s *Service) storeInvites(ctx context.Context, titles string, created ...createdInvite) error {
	rows := make([]*invite, len(created))
	var mails []mailapi.Mail
	for n, c := range created {
		rows[n] = c.invite
		if c.Email != nil {
			mails = append(mails, s.newMail(c, titles))
		}
	}
	if err := s.store.insert(ctx, rows); err != nil {
		return err
	}
	for _, row := range rows {
		if err := s.publishEntry(ctx, "invite.created", row.ID, row.auditData()); err != nil {
			return err
		}
	}
	return s.mailer.Queue(ctx, mails...)
}

// auditData returns what the audit entry of a new invite has.
func (i *invite) auditData() map[string]any {
	data := map[string]any{"role": i.RoleToGrant, "max_uses": i.MaxUses}
	if courseIDs := i.courseIDs(); len(courseIDs) > 0 {
		data["course_ids"] = courseIDs
	}
	if i.BatchID != nil {
		data["batch_id"] = *i.BatchID
	}
	return data
}

// newMail returns the mail with the code of an invite that has an address.
func (s *Service) newMail(c createdInvite, titles string) mailapi.Mail {
	expiresAt := ""
	if c.ExpiresAt != nil {
		expiresAt = c.ExpiresAt.StdTime().Format("2 January 2006, 15:04 UTC")
	}
	return mailapi.Mail{Kind: "invite", To: *c.Email, Data: map[string]any{
		"Code": c.Code, "Role": string(c.RoleToGrant), "Courses": titles,
		"Link": s.mailer.Link("/join", "code", c.Code), "ExpiresAt": expiresAt,
	}}
}
