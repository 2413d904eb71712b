package catalog

import (
	"context"

	"lyceum/modules/storage/storageapi"
	"lyceum/platform/db"
	"lyceum/platform/identity"
)

// CanReadKey returns whether the caller may read a course or a lesson that uses the file with a
// key. It returns lesson-locked if all that the caller might read is a lesson that is not open to
// them yet. caller must be the caller of ctx, for whom FindOpenLesson says what keeps the lesson
// locked.
func (s *Service) CanReadKey(ctx context.Context, caller identity.Caller, key string) (bool, error) {
	canRead, err := s.isOpenToAll(ctx, caller, key)
	if err == nil && !canRead {
		canRead, err = s.store.canReadKey(ctx, caller, key, s.clock.Now())
	}
	if err != nil || canRead {
		return canRead, err
	}
	courseID, lessonID, err := s.store.findLessonWithKey(ctx, caller, key)
	if db.IsNotFound(err) {
		return false, nil
	}
	if err == nil {
		_, _, err = s.access.FindOpenLesson(ctx, courseID, lessonID)
	}
	return err == nil, err
}

// ListUses returns the courses and lessons that use each of the keys, including those in the trash.
func (s *Service) ListUses(ctx context.Context, keys []string) (map[string][]storageapi.Use, error) {
	uses := map[string][]storageapi.Use{}
	if len(keys) == 0 {
		return uses, nil
	}
	found, err := s.store.listUses(ctx, identity.CallerFrom(ctx), keys)
	for _, use := range found {
		uses[use.Key] = append(uses[use.Key], use.Use)
	}
	return uses, err
}
