package courses

import (
	"context"
	"fmt"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/identity"
)

// CheckKey returns asset-unusable for the field if storage says that the caller may not use the key.
// Inside a transaction, a key that may be used stays so until it ends. nil may be used. Without
// storage no key may be used.
func (s *Service) CheckKey(ctx context.Context, field string, key *string) error {
	if key == nil {
		return nil
	}
	if s.keyChecker == nil {
		return course.NewAssetError(field)
	}
	isUsable, err := s.keyChecker.MayUseKey(ctx, identity.CallerFrom(ctx), *key)
	if err == nil && !isUsable {
		err = course.NewAssetError(field)
	}
	return err
}

// checkCaptionKeys checks the files of captions that the lesson did not have before: the caller may use
// them, and they hold captions. Captions that another account has added may stay.
func (s *Service) checkCaptionKeys(ctx context.Context, before, after []course.Caption) error {
	hadKey := map[string]bool{}
	for _, c := range before {
		hadKey[c.AssetKey] = true
	}
	for i, c := range after {
		if hadKey[c.AssetKey] {
			continue
		}
		field := fmt.Sprintf("captions[%d].asset_key", i)
		if err := s.CheckKey(ctx, field, &c.AssetKey); err != nil {
			return err
		}
		files, err := s.fileReader.DescribeFiles(ctx, []string{c.AssetKey})
		if err != nil {
			return err
		}
		if !course.IsCaptionType(files[c.AssetKey].ContentType) {
			return course.NewCaptionError(field)
		}
	}
	return nil
}
