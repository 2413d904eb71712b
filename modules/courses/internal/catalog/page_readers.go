package catalog

import (
	"context"
	"errors"
	"time"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/db"
)

// readersTimeout bounds the statements for many readers.
const readersTimeout = 5 * time.Second

// pageReader asks for the progress of an account in the courses of its own copy of a page.
type pageReader struct {
	userID string
	page   []listedCourse
}

// fillProgress fills the progress of an account in the courses of a page, which is not empty. PostgreSQL is asked
// about all accounts that read the same page at the same time in one statement.
func (s *Service) fillProgress(ctx context.Context, page []listedCourse, userID string) error {
	if s.store.db.Dialect() != db.Postgres {
		return s.store.fillProgress(ctx, page, userID)
	}
	err := s.readers.Do(&pageReader{userID, page})
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return s.store.fillProgress(ctx, page, userID) // the cause may be another account
	}
	return err
}

// fillProgressOfMany answers questions that have arrived together, with one statement for each page. It depends on
// none of their requests.
func (s *Service) fillProgressOfMany(readers []*pageReader) error {
	ctx, cancel := context.WithTimeout(context.Background(), readersTimeout)
	defer cancel()
	// Copies of one page share their courses; no two pages do.
	type pageKey struct {
		first  *course.Course
		length int
	}
	byPage := map[pageKey][]*pageReader{}
	for _, r := range readers {
		key := pageKey{r.page[0].Course, len(r.page)}
		byPage[key] = append(byPage[key], r)
	}
	for _, same := range byPage {
		if err := s.store.fillProgressOfMany(ctx, same); err != nil {
			return err
		}
	}
	return nil
}
