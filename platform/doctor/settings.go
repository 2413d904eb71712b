package doctor

import (
	"context"
	"net/url"
	"strings"
)

// checkSettings looks for settings that are valid and rarely meant. Those that are not valid end every command.
func (x *examination) checkSettings(context.Context) {
	const check = "configuration"
	c := x.Config
	x.ok(check, "valid, APP_ENV=%s, PUBLIC_URL=%s", c.AppEnv, c.PublicURL)
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return
	}
	if c.IsProduction() && u.Scheme != "https" {
		x.warn(check, "PUBLIC_URL is not https: passwords and tokens cross the network as they are",
			"put a proxy with TLS in front, and set PUBLIC_URL to its https address")
	}
	if u.Scheme == "https" && len(c.TrustedProxies) == 0 {
		x.warn(check, "PUBLIC_URL is https and TRUSTED_PROXIES is empty: "+
			"all callers seem to have the address of the proxy, and share its limits",
			"set TRUSTED_PROXIES to the network of the proxy, such as 10.0.0.0/8")
	}
	if !c.IsProduction() && u.Scheme == "https" && !strings.Contains(u.Hostname(), "localhost") {
		x.warn(check, "APP_ENV is development: everybody may read the mails at /dev/mailbox",
			"set APP_ENV=production")
	}
	if !c.RateLimit {
		x.warn(check, "RATE_LIMIT_ENABLED is false: passwords can be guessed without end",
			"remove RATE_LIMIT_ENABLED")
	}
}
