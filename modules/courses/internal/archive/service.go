package archive

import (
	"context"

	"go.uber.org/fx"

	"lyceum/modules/courses/internal/access"
	"lyceum/modules/courses/internal/course"
	"lyceum/modules/storage/storageapi"
	"lyceum/platform/clock"
	"lyceum/platform/db"
	"lyceum/platform/tempfile"
)

// Authoring creates the course of an import, in the transaction of ctx.
type Authoring interface {
	// InsertCourseWithFreeSlug adds a course with a free slug made from its title, and the audit
	// entry with data.
	InsertCourseWithFreeSlug(ctx context.Context, c *course.Course, data map[string]any) error
	// InsertLessons adds the n lessons of a course that counts them already. lesson returns each
	// with its content just before it is written.
	InsertLessons(ctx context.Context, n int, lesson func(i int) (course.Lesson, error)) error
	// CheckKey returns asset-unusable for the field if the caller may not use the key. A key that
	// may be used stays so until the transaction ends. nil may be used.
	CheckKey(ctx context.Context, field string, key *string) error
}

// Service exports and imports courses.
type Service struct {
	db        *db.DB
	store     *store
	access    *access.Service
	authoring Authoring
	// fileReader and fileImporter are nil without storage; files are left out then.
	fileReader   storageapi.FileReader
	fileImporter storageapi.FileImporter
	tempFiles    *tempfile.Dir
	clock        clock.Clock
}

// Params are what NewService needs. FileReader and FileImporter may be nil.
type Params struct {
	fx.In
	DB           *db.DB
	Access       *access.Service
	Authoring    Authoring
	FileReader   storageapi.FileReader   `optional:"true"`
	FileImporter storageapi.FileImporter `optional:"true"`
	TempFiles    *tempfile.Dir
	Clock        clock.Clock
}

// NewService returns the service.
func NewService(p Params) *Service {
	return &Service{
		db: p.DB, store: &store{p.DB}, access: p.Access, authoring: p.Authoring,
		fileReader: p.FileReader, fileImporter: p.FileImporter, tempFiles: p.TempFiles, clock: p.Clock,
	}
}
