package program

import (
	"fmt"
	"strings"

	"lyceum/platform/config"
	"lyceum/platform/keyring"
)

// loadKeys reads the keys of the server, or makes them in an empty folder. It returns a *config.Error
// for a folder or a file that can't be used.
func loadKeys(c *config.Config) (*keyring.Keys, error) {
	// The error of keyring begins with the name of the setting, which the fault names already.
	k, err := keyring.Open(c.JWTKeysDir, c.AccessTokenTTL)
	if err != nil {
		cause := strings.TrimPrefix(err.Error(), "JWT_KEYS_DIR: ")
		return nil, &config.Error{Faults: []string{fmt.Sprintf("JWT_KEYS_DIR: found %q, which can't be used: %s; "+
			"accepted is a folder of keys that this server has made, or an empty one", c.JWTKeysDir, cause)}}
	}
	return k, nil
}
