package audit

import (
	"context"

	"lyceum/platform/db"
	"lyceum/platform/keyring"
)

// newSealedHead declares the head of the log as data that is sealed with the keys of the server.
func newSealedHead(s *Service) keyring.SealedData {
	return keyring.SealedData{Name: "audit log", FindFault: s.findHeadFault}
}

// findHeadFault returns what is wrong with the end of the log, or "". It tells of a break that is
// marked, too.
func (s *Service) findHeadFault(ctx context.Context) (string, error) {
	h, err := s.store.readHead(ctx)
	if err != nil && !db.IsNotFound(err) {
		return "", err
	}
	if err == nil && h.isSealed(s.key) && h.firstOpenBreak() == 0 {
		return "", nil
	}
	return "its end is not sealed with the present keys, or was found broken. Restore the files of JWT_KEYS_DIR, or run " +
		"lyceum audit verify and then lyceum audit accept-break", nil
}
