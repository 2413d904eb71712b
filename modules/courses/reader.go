package courses

import (
	"context"
	"slices"

	"lyceum/modules/courses/coursesapi"
	"lyceum/modules/storage/storageapi"
	"lyceum/platform/db"
	"lyceum/platform/identity"
	"lyceum/platform/ids"
)

// reader answers other modules.
type reader struct{ s *Service }

// Find gives a course that is not deleted.
func (r reader) Find(ctx context.Context, id string) (coursesapi.Course, bool, error) {
	if !ids.IsValid(id) {
		return coursesapi.Course{}, false, nil
	}
	c, err := r.s.store.course(ctx, "id", id)
	if db.IsNotFound(err) {
		return coursesapi.Course{}, false, nil
	}
	return c.brief(), err == nil, err
}

// CanRead says whether the caller may read the course.
func (r reader) CanRead(ctx context.Context, caller identity.Caller, id string) (bool, error) {
	if !ids.IsValid(id) {
		return false, nil
	}
	v, err := r.s.store.sight(ctx, "id", id, caller.UserID)
	if db.IsNotFound(err) {
		return false, nil
	}
	return err == nil && mayRead(v.course, caller, v.EnrolledAt != nil), err
}

// Enrolled says whether the account is enrolled.
func (r reader) Enrolled(ctx context.Context, userID, id string) (bool, error) {
	if !ids.IsValid(id) || !ids.IsValid(userID) {
		return false, nil
	}
	return r.s.store.enrolled(ctx, userID, id)
}

// EnrolledCourses lists the courses that the account is enrolled in or owns.
func (r reader) EnrolledCourses(ctx context.Context, userID string) ([]string, error) {
	return r.s.store.courseIDsOf(ctx, userID)
}

// Learners lists the accounts enrolled in a course.
func (r reader) Learners(ctx context.Context, id string) ([]string, error) {
	return r.s.store.learners(ctx, id)
}

// Courses gives those that exist.
func (r reader) Courses(ctx context.Context, list []string) (map[string]coursesapi.Course, error) {
	found, err := r.s.store.coursesOf(ctx, slices.DeleteFunc(slices.Clone(list), func(id string) bool { return !ids.IsValid(id) }))
	out := make(map[string]coursesapi.Course, len(found))
	for i := range found {
		out[found[i].ID] = found[i].brief()
	}
	return out, err
}

// Enroll adds the account, whatever the visibility.
func (r reader) Enroll(ctx context.Context, userID string, courseIDs []string) error {
	open, err := r.Courses(ctx, courseIDs)
	if err != nil {
		return err
	}
	for _, id := range courseIDs {
		if c, ok := open[id]; !ok || c.Archived {
			continue
		}
		if _, err := r.s.enroll(ctx, id, userID); err != nil {
			return err
		}
	}
	return nil
}

// MayReadKey says whether the caller may read something that uses the key: 403 lesson-locked where all that
// he could read is a lesson that is not open to him yet.
func (r reader) MayReadKey(ctx context.Context, caller identity.Caller, key string) (bool, error) {
	may, err := r.s.store.mayReadKey(ctx, caller, key, r.s.clock.Now())
	if err != nil || may {
		return may, err
	}
	courseID, lessonID, err := r.s.store.lessonWithKey(ctx, caller, key)
	if db.IsNotFound(err) {
		return false, nil
	}
	if err == nil {
		_, _, err = r.s.openLesson(ctx, courseID, lessonID)
	}
	return err == nil, err
}

// UsesOfKeys lists what uses each of the keys.
func (r reader) UsesOfKeys(ctx context.Context, keys []string) (map[string][]storageapi.Use, error) {
	out := map[string][]storageapi.Use{}
	if len(keys) == 0 {
		return out, nil
	}
	found, err := r.s.store.usesOf(ctx, identity.CallerFrom(ctx), keys)
	for _, f := range found {
		out[f.Key] = append(out[f.Key], f.Use)
	}
	return out, err
}
