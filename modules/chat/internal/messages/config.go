package messages

import (
	"lyceum/platform/config"
	"lyceum/platform/limit"
)

// Config holds the settings of messages.
type Config struct {
	// LimitMessages bounds the messages of one author in one channel.
	LimitMessages limit.Rate `env:"RATE_LIMIT_CHAT" envDefault:"10/1s"`
}

// Settings declares the environment variables of Config.
var Settings = config.DeclareSection[Config](
	"Chat",
	config.Doc{Key: "RATE_LIMIT_CHAT", Text: "Messages of a caller in one channel, as hits/window."},
)
