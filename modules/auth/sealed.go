package auth

import (
	"context"
	"fmt"

	"lyceum/platform/keyring"
)

// newSealedFactors declares the secrets of second factors, which only the keys that sealed them can open.
func newSealedFactors(s *Service) keyring.SealedData {
	return keyring.SealedData{Name: "second factors", FindFault: s.unreadableFactors}
}

// unreadableFactors says how many second factors the present keys can't open.
func (s *Service) unreadableFactors(ctx context.Context) (string, error) {
	unreadable := 0
	err := s.store.eachSealedFactor(ctx, func(sealed []byte) {
		if _, err := keyring.Unseal(s.sealKey, sealed); err != nil {
			unreadable++
		}
	})
	if err != nil || unreadable == 0 {
		return "", err
	}
	return fmt.Sprintf("%d can't be opened with the present keys. Restore the files of JWT_KEYS_DIR; or their owners sign in with a recovery code, "+
		"remove the factor and set it up again", unreadable), nil
}
