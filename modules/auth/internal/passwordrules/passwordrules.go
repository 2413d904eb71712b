// Package passwordrules has the rules for passwords (ASVS 6.2, NIST SP 800-63B-4).
package passwordrules

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"

	"lyceum/platform/text"
)

// MaxLength is the length of a password in characters.
const MaxLength = 128

//go:embed common_passwords.txt
var commonPasswordList string

// commonPasswords returns the 3,000 most common passwords, folded (ASVS 6.2.4).
var commonPasswords = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(commonPasswordList) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "# ") {
			out[text.FoldCase(line)] = true
		}
	}
	return out
})

// Normalize returns the form in which a password is hashed: the same for every keyboard (NIST SP
// 800-63B-4 3.1.1.2).
func Normalize(password string) string { return norm.NFKC.String(password) }

// Check returns which rule a normalized password of an address breaks, or nil. The error never has the
// password. minimum is the least length in characters.
func Check(password, email string, minimum int) error {
	n := text.CountRunes(password)
	local, _, _ := strings.Cut(email, "@")
	folded := text.FoldCase(password)
	switch {
	case n < minimum:
		return fmt.Errorf("at least %d characters", minimum)
	case n > MaxLength:
		return fmt.Errorf("at most %d characters", MaxLength)
	case commonPasswords()[folded]:
		return errors.New("it is one of the most common passwords")
	case folded == text.FoldCase(email) || folded == text.FoldCase(local) || folded == "lyceum":
		return errors.New("it must differ from the address and the site's name")
	}
	return nil
}
