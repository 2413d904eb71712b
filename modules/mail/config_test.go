package mail

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/platform/config"
)

func TestSenderIsAnAddress(t *testing.T) {
	for from, isValid := range map[string]bool{
		"":                                   true, // the default
		"no-reply@example.com":               true,
		"Lyceum <no-reply@example.com>":      true,
		"no address":                         false,
		"Lyceum <no-reply@example.com":       false,
		"one@example.com, two@example.com":   false,
		"Lyceum\r\nBcc: x@example.com <a@b>": false,
	} {
		_, err := config.FromMap(map[string]string{"MAIL_FROM": from}, settings)
		if isValid {
			require.NoError(t, err, from)
			continue
		}
		require.ErrorContains(t, err, "MAIL_FROM", from)
	}
}
