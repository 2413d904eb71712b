package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"strings"

	"lyceum/modules/auth/internal/devices"
	"lyceum/platform/identity"
	"lyceum/platform/keyring"
	"lyceum/platform/limit"
	"lyceum/platform/text"
)

// maxFailures is how many sign-ins in a row may fail for one address, from anywhere, until its
// owner sets a new password (NIST SP 800-63B-4 3.2.2).
const maxFailures = 100

// guard limits guesses of passwords and codes (ASVS 6.3.1). It takes a hit before the work and
// gives it back if the guess was right, so that only failures count.
type guard struct {
	limiter *limit.Limiter
	login   limit.Budget
	// password and code count guesses of an account that is signed in. They must not lock out its
	// owner who signs in.
	password limit.Budget
	code     limit.Budget
	mail     limit.Budget
	// registration counts registrations of one address, which its owner may begin anew as often as
	// they delete the account. Its counters go by the name welcome.
	registration limit.Budget
	key          []byte
}

func newGuard(l *limit.Limiter, k *keyring.Keys, c *Config) guard {
	return guard{
		l, limit.Budget{Name: "login-account", Rate: c.LimitAccount},
		limit.Budget{Name: "password", Rate: c.LimitAccount},
		limit.Budget{Name: "mfa-code", Rate: c.LimitAccount}, limit.Budget{Name: "mail", Rate: c.LimitMail},
		limit.Budget{Name: "welcome", Rate: limit.Rate{Hits: 4 * c.LimitMail.Hits, Window: c.LimitMail.Window}},
		k.DeriveKey("addresses"),
	}
}

// takeSignIn reserves a sign-in of an address from the caller's network. A new password begins a
// new count, which is how an owner gets in past an attacker: by a reset.
func (g guard) takeSignIn(ctx context.Context, address []byte, p credentials) (limit.Result, error) {
	r := g.limiter.TakeHit(ctx, g.login,
		string(address)+" "+devices.NetworkPrefix(identity.CallerFrom(ctx).IP)+" "+p.ChangedAt.String())
	return r, r.RefusalError("Too many sign-ins have failed for this address from here. Wait, or set a new password by mail.")
}

// takeGuess reserves a guess of the caller's own password or code.
func (g guard) takeGuess(ctx context.Context, b limit.Budget) (limit.Result, error) {
	r := g.limiter.TakeHit(ctx, b, identity.CallerFrom(ctx).UserID)
	return r, r.RefusalError("Too many wrong tries; wait for the window to end.")
}

// isMailAllowed counts a mail that somebody unknown has sent to an address, and says whether it may
// go.
func (g guard) isMailAllowed(ctx context.Context, email string) bool {
	return g.limiter.TakeHit(ctx, g.mail, string(g.hashAddress(email))).Passed
}

// isEmailChangeAllowed counts a request of an account for another address, and says whether its
// mails may go.
func (g guard) isEmailChangeAllowed(ctx context.Context, userID string) bool {
	return g.limiter.TakeHit(ctx, g.mail, "account "+userID).Passed
}

// takeRegistration counts a registration of an address, which is welcomed by a mail if the hit
// passed.
func (g guard) takeRegistration(ctx context.Context, email string) limit.Result {
	return g.limiter.TakeHit(ctx, g.registration, string(g.hashAddress(email)))
}

// hashAddress names an address, known or not, in tables and counters that must not hold it.
func (g guard) hashAddress(email string) []byte {
	canonical, err := text.NormalizeEmail(email)
	if err != nil {
		canonical = strings.ToLower(strings.TrimSpace(email))
	}
	h := hmac.New(sha256.New, g.key)
	h.Write([]byte(canonical))
	return h.Sum(nil)
}

// Budgets that routes of this module count against.
const (
	budgetLogin = "login"
	// budgetRecovery is for links and codes from mails.
	budgetRecovery = "recovery"
)

// newBudgets returns the budgets of the module's routes, both counted by network address.
func newBudgets(c *Config) []limit.Budget {
	return []limit.Budget{{Name: budgetLogin, Rate: c.LimitAddress}, {Name: budgetRecovery, Rate: c.LimitAddress}}
}
