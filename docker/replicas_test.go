package docker

import (
	"maps"
	"net/netip"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"go.yaml.in/yaml/v3"
)

// replicas are the services of compose.replicas.yml that Caddy sends requests to.
var replicas = []string{"app", "app2", "app3"}

// composeVariable matches the variables of a compose file: a name, and a default or what is said if it is missing.
var composeVariable = regexp.MustCompile(`\$\{([A-Z0-9_]+):([-?])([^}]*)\}`)

// overriding is a service of compose.replicas.yml.
type overriding struct {
	service  `yaml:",inline"`
	Networks []string
	Extends  struct{ File, Service string }
}

// loadReplicas returns compose.replicas.yml as Compose reads it together with compose.yml: with the defaults of its
// variables, "secret" for those that have none, and what services take over from compose.yml.
func loadReplicas(t *testing.T) (c composeFile, networks map[string]network) {
	t.Helper()
	text := composeVariable.ReplaceAllStringFunc(read(t, "compose.replicas.yml"), func(variable string) string {
		found := composeVariable.FindStringSubmatch(variable)
		require.True(t, strings.HasPrefix(found[1], "LYCEUM_"), "%s could come from the shell by mistake", found[1])
		if found[2] == "?" {
			return "secret"
		}
		return found[3]
	})
	var file struct {
		Services map[string]overriding
		Networks map[string]network
	}
	require.NoError(t, yaml.Unmarshal([]byte(text), &file))
	base := load(t)
	c = composeFile{Services: maps.Clone(base.Services), Volumes: base.Volumes}
	for name, s := range file.Services {
		from := name
		if s.Extends.File != "" {
			require.Equal(t, "compose.yml", s.Extends.File)
			require.Contains(t, base.Services, s.Extends.Service)
			from = s.Extends.Service
		}
		c.Services[name] = mergeServices(base.Services[from], s)
	}
	return c, file.Networks
}

// mergeServices returns a service of compose.yml with what s sets. Compose adds the ports of both, but for those that s
// resets; no service has both.
func mergeServices(base service, s overriding) service {
	merged := base
	merged.Networks = s.Networks
	if s.Ports != nil {
		merged.Ports = s.Ports
	}
	merged.Environment = maps.Clone(base.Environment)
	if merged.Environment == nil {
		merged.Environment = map[string]string{}
	}
	maps.Copy(merged.Environment, s.Environment)
	if s.Command != nil {
		merged.Command = s.Command
	}
	if base.Image == "" { // a service that compose.yml does not have
		merged.Image, merged.Volumes, merged.DependsOn = s.Image, s.Volumes, s.DependsOn
	}
	return merged
}

type network struct {
	IPAM struct {
		Config []struct{ Subnet string }
	} `yaml:"ipam"`
}

// TestReplicasAreEqual holds the three servers to one configuration, which the program knows.
func TestReplicasAreEqual(t *testing.T) {
	c, _ := loadReplicas(t)
	first := c.Services[replicas[0]].Environment
	known := knownSettings(t)
	for _, name := range replicas {
		s := c.Services[name]
		environment := map[string]string{"HTTP_ADDR": ":8000"} // the default, which app repeats
		for key, value := range s.Environment {
			require.True(t, known[key], "%s: .env.example does not know %s", name, key)
			require.NotEmpty(t, value, "%s: %s", name, key)
			environment[key] = value
		}
		require.Equal(t, first, environment, name)
		require.Equal(t, []string{"serve"}, s.Command, name)
		require.Equal(t, c.Services["app"].Image, s.Image, name)
		require.Contains(t, s.Volumes, "keys:/keys", name)
		require.True(t, s.ReadOnly, name)
	}
	worker := c.Services["worker"].Environment
	for key, value := range worker {
		require.Equal(t, first[key], value, "worker: %s", key)
	}
	require.Equal(t, "https://localhost", first["PUBLIC_URL"])
	require.Equal(t, "https://files.localhost", first["S3_PUBLIC_ENDPOINT"])
	require.Equal(t, first["PUBLIC_URL"], c.Services["minio"].Environment["MINIO_API_CORS_ALLOW_ORIGIN"])
	require.Contains(t, first["DATABASE_URL"], ":"+c.Services["db"].Environment["POSTGRES_PASSWORD"]+"@")
	require.Equal(t, first["S3_SECRET_KEY"], c.Services["minio-setup"].Environment["S3_SECRET_KEY"])
}

// TestOnlyTheProxyIsReached holds the ports to loopback unless the operator says otherwise, and the passwords to those
// that the operator has made.
func TestOnlyTheProxyIsReached(t *testing.T) {
	c, networks := loadReplicas(t)
	for _, name := range replicas {
		require.Empty(t, c.Services[name].Ports, name)
	}
	require.Contains(t, read(t, "compose.replicas.yml"), "ports: !reset []")
	require.Equal(t, []string{"127.0.0.1:80:80", "127.0.0.1:443:443", "127.0.0.1:443:443/udp"}, c.Services["caddy"].Ports)
	require.NotContains(t, read(t, "compose.replicas.yml"), "local-only")
	for name, s := range c.Services {
		for _, port := range s.Ports {
			require.True(t, strings.HasPrefix(port, "127.0.0.1:"), "%s: %s", name, port)
		}
	}

	// Only the replicas and Caddy are in the network that is believed.
	subnet := networks["proxy"].IPAM.Config[0].Subnet
	require.Equal(t, subnet, c.Services["app"].Environment["TRUSTED_PROXIES"])
	require.True(t, netip.MustParsePrefix(subnet).Addr().IsPrivate())
	for name, s := range c.Services {
		isMember := name == "caddy" || slices.Contains(replicas, name)
		require.Equal(t, isMember, slices.Contains(s.Networks, "proxy"), name)
		require.True(t, name == "caddy" || len(s.Networks) == 0 || slices.Contains(s.Networks, "default"), name)
	}
	require.NotContains(t, c.Services["caddy"].Networks, "default", "Caddy reaches no database")
}

// TestTheProxyKnowsTheReplicas compares the Caddyfile with what it stands in front of.
func TestTheProxyKnowsTheReplicas(t *testing.T) {
	c, _ := loadReplicas(t)
	caddy, file := c.Services["caddy"], read(t, "Caddyfile")
	require.True(t, strings.HasPrefix(caddy.Image, "caddy:2."), caddy.Image)
	require.Contains(t, caddy.Volumes, "./Caddyfile:/etc/caddy/Caddyfile:ro")
	upstreams := regexp.MustCompile(`\{\$LYCEUM_UPSTREAMS:([^}]*)\}`).FindStringSubmatch(file)[1]
	for i, upstream := range strings.Fields(upstreams) {
		require.Equal(t, replicas[i]+":8000", upstream)
		require.Contains(t, caddy.DependsOn, replicas[i])
	}
	require.Len(t, strings.Fields(upstreams), len(replicas))
	require.Contains(t, file, "path /"+c.Services["app"].Environment["S3_BUCKET"]+"/*")
	require.Contains(t, file, "{$LYCEUM_STORE:"+c.Services["app"].Environment["S3_ENDPOINT"]+"}")

	// A replica that stops is left while it still serves.
	directive := func(name string) string {
		found := regexp.MustCompile(`(?m)^\t+` + name + ` (.+)$`).FindStringSubmatch(file)
		require.NotNil(t, found, name)
		return found[1]
	}
	delay, err := time.ParseDuration(c.Services["app"].Environment["SHUTDOWN_DELAY"])
	require.NoError(t, err)
	interval, err := time.ParseDuration(directive("health_interval"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, delay, 2*interval)
	for _, path := range []string{"/readyz", "/ws/"} {
		require.Contains(t, read(t, "../app/testdata/routes.txt"), "GET "+path)
	}
	require.Equal(t, "/readyz", directive("health_uri"))
	require.Equal(t, "GET HEAD OPTIONS", directive("method"), "requests that change nothing are sent again")
	require.Equal(t, `regexp \?.* ""`, strings.TrimPrefix(directive("request>uri"), " "), "no query in the log")
	require.NotRegexp(t, `(?m)^\t*log\b`, strings.Replace(file, "\tlog default {", "", 1), "no access log")
}

// TestCaddyReadsIt asks the real tool where it is installed.
func TestCaddyReadsIt(t *testing.T) {
	if _, err := exec.LookPath("caddy"); err != nil {
		t.Skip("an extra for machines with caddy; the other tests read the file as text")
	}
	for _, args := range [][]string{
		{"adapt", "--adapter", "caddyfile", "--config", "Caddyfile"}, {"fmt", "--diff", "Caddyfile"},
	} {
		out, err := exec.Command("caddy", args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}
