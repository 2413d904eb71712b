package courses

import (
	"context"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/catalog"
	"lyceum/modules/courses/internal/learning"
	"lyceum/modules/storage/storageapi"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// reader answers other modules: it is a coursesapi.Reader, a coursesapi.Enroller and a
// storageapi.KeyReferrer.
type reader struct {
	access   *access.Service
	catalog  *catalog.Service
	learning *learning.Service
}

// newReader returns the answers of the module to others.
func newReader(a *access.Service, c *catalog.Service, l *learning.Service) *reader {
	return &reader{a, c, l}
}

// Find implements coursesapi.Reader.
func (r *reader) Find(ctx context.Context, id string) (coursesapi.Course, bool, error) {
	return r.catalog.FindBrief(ctx, id)
}

// CanRead implements coursesapi.Reader.
func (r *reader) CanRead(ctx context.Context, caller identity.Caller, id string) (bool, error) {
	return r.access.CanReadCourse(ctx, caller, id)
}

// Enrolled implements coursesapi.Reader.
func (r *reader) Enrolled(ctx context.Context, userID, id string) (bool, error) {
	if !ids.IsValid(id) || !ids.IsValid(userID) {
		return false, nil
	}
	return r.access.IsEnrolled(ctx, userID, id)
}

// EnrolledCourses implements coursesapi.Reader. Courses that the account owns are among them.
func (r *reader) EnrolledCourses(ctx context.Context, userID string) ([]string, error) {
	return r.learning.ListCourseIDs(ctx, userID)
}

// Learners implements coursesapi.Reader.
func (r *reader) Learners(ctx context.Context, id string) ([]string, error) {
	return r.learning.ListLearnerIDs(ctx, id)
}

// Courses implements coursesapi.Enroller.
func (r *reader) Courses(ctx context.Context, courseIDs []string) (map[string]coursesapi.Course, error) {
	return r.catalog.ListBriefs(ctx, courseIDs)
}

// Enroll implements coursesapi.Enroller.
func (r *reader) Enroll(ctx context.Context, userID string, courseIDs []string) error {
	found, err := r.catalog.ListBriefs(ctx, courseIDs)
	if err != nil {
		return err
	}
	for _, id := range courseIDs {
		if c, exists := found[id]; !exists || c.Archived {
			continue
		}
		if _, err := r.learning.Enroll(ctx, id, userID); err != nil {
			return err
		}
	}
	return nil
}

// MayReadKey implements storageapi.KeyReferrer. It returns lesson-locked if all that the caller might
// read is a lesson that is not open to them yet.
func (r *reader) MayReadKey(ctx context.Context, caller identity.Caller, key string) (bool, error) {
	return r.catalog.CanReadKey(ctx, caller, key)
}

// ListUses implements storageapi.KeyReferrer.
func (r *reader) ListUses(ctx context.Context, keys []string) (map[string][]storageapi.Use, error) {
	return r.catalog.ListUses(ctx, keys)
}
