package audit

import (
	"context"

	"lyceum/platform/db"
	"lyceum/platform/keyring"
)

// newSealedHead declares the head of the log, which is sealed with the server's secret.
func newSealedHead(s *Service) keyring.SealedData {
	return keyring.SealedData{Name: "audit log", FindFault: s.headFault}
}

// headFault says that the end of the log does not hold, or did not when a later entry was written.
func (s *Service) headFault(ctx context.Context) (string, error) {
	h, err := s.store.readHead(ctx)
	if err != nil && !db.IsNotFound(err) {
		return "", err
	}
	if err == nil && h.isSealed(s.key) && h.openBreak() == 0 {
		return "", nil
	}
	return "its end is not sealed with the present keys, or was found broken. Restore the files of JWT_KEYS_DIR, or run " +
		"lyceum audit verify and then lyceum audit accept-break", nil
}
