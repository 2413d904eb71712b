package auth

import (
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"lyceum/platform/text"
)

const maxPassword = 128

//go:embed common_passwords.txt
var commonList string

// common holds the 3,000 commonest passwords, folded (ASVS 6.2.4).
var common = func() map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(commonList) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "# ") {
			out[text.FoldCase(line)] = true
		}
	}
	return out
}()

// normalize makes the same password of any keyboard the same bytes (NIST SP 800-63B-4 3.1.1.2).
func normalize(password string) string { return norm.NFKC.String(password) }

// checkPassword holds a normalized password to the rules; the error says which, never the password.
func checkPassword(password, email string, minimum int) error {
	n := text.CountRunes(password)
	local, _, _ := strings.Cut(email, "@")
	folded := text.FoldCase(password)
	switch {
	case n < minimum:
		return fmt.Errorf("at least %d characters", minimum)
	case n > maxPassword:
		return fmt.Errorf("at most %d characters", maxPassword)
	case common[folded]:
		return errors.New("it is one of the commonest passwords")
	case folded == text.FoldCase(email) || folded == text.FoldCase(local) || folded == "lyceum":
		return errors.New("it must differ from the address and the site's name")
	}
	return nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
