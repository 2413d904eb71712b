package chat

import (
	"lyceum/platform/config"
	"lyceum/platform/limit"
)

// Config holds the module's settings.
type Config struct {
	LimitMessages limit.Rate `env:"RATE_LIMIT_CHAT" envDefault:"10/1s"`
}

var settings = config.DeclareSection[Config](
	"Chat",
	config.Doc{Key: "RATE_LIMIT_CHAT", Text: "Messages of a caller in one channel, as hits/window."},
)
