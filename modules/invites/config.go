package invites

import (
	"lyceum/platform/config"
	"lyceum/platform/limit"
)

// Config holds the module's settings.
type Config struct {
	// LimitRedeem is how many refused codes an account may send.
	LimitRedeem limit.Rate `env:"RATE_LIMIT_REDEEM" envDefault:"10/1m"`
}

var settings = config.DeclareSection[Config](
	"Invites",
	config.Doc{Key: "RATE_LIMIT_REDEEM", Text: "Wrong invite codes of a caller, as hits/window."},
)
