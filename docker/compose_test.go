// Package docker holds no code: its test reads the compose file as an operator would.
package docker

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"go.yaml.in/yaml/v3"
)

type composeFile struct {
	Services map[string]service
	Volumes  map[string]any
}

type service struct {
	Image       string
	Command     []string
	Environment map[string]string
	Ports       []string
	Volumes     []string
	Healthcheck map[string]any
	DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	ReadOnly    bool                                  `yaml:"read_only"`
	Networks    []string                              `yaml:"-"`
}

func load(t *testing.T) composeFile {
	t.Helper()
	var c composeFile
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "compose.yml")), &c))
	return c
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func TestServicesListenWhereTheReadmeSays(t *testing.T) {
	want := map[string]struct {
		image string
		ports []string
	}{
		"db":          {"postgres:15", []string{"5432:5432"}},
		"redis":       {"redis:7", []string{"6379:6379"}},
		"minio":       {"minio/minio:", []string{"9000:9000", "9090:9090"}},
		"minio-setup": {"minio/mc:", nil},
		"mail":        {"axllent/mailpit:", []string{"1025:1025", "8025:8025"}},
		"app":         {"lyceum:", []string{"8000:8000"}},
		"worker":      {"lyceum:", nil},
	}
	c := load(t)
	require.Len(t, c.Services, len(want))
	for name, w := range want {
		s := c.Services[name]
		require.True(t, strings.HasPrefix(s.Image, w.image), "%s: image %q", name, s.Image)
		for i, port := range w.ports {
			w.ports[i] = "127.0.0.1:" + port // the passwords are public
		}
		require.Equal(t, w.ports, s.Ports, "%s: ports %v, want %v", name, s.Ports, w.ports)
	}
}

func TestImagesArePinned(t *testing.T) {
	for name, s := range load(t).Services {
		if _, tag, ok := strings.Cut(s.Image, ":"); !ok || tag == "latest" {
			t.Errorf("%s: %q", name, s.Image)
		}
	}
}

func TestWhatIsWaitedForCanBeReady(t *testing.T) {
	c := load(t)
	for name, s := range c.Services {
		for other, on := range s.DependsOn {
			if _, ok := c.Services[other]; !ok {
				t.Errorf("%s waits for %s, which is not there", name, other)
			}
			require.False(t, on.Condition == "service_healthy" && c.Services[other].Healthcheck == nil,
				"%s waits for %s, which has no healthcheck", name, other)
		}
	}
}

func TestVolumesAreDeclaredAndKeysAreShared(t *testing.T) {
	c := load(t)
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if path, ok := strings.CutPrefix(source, "./"); ok {
				read(t, path)
			} else if _, ok := c.Volumes[source]; !ok {
				t.Errorf("%s: volume %s is not declared", name, source)
			}
		}
	}
	for _, name := range []string{"app", "worker"} {
		s := c.Services[name]
		require.Contains(t, s.Volumes, "keys:/keys", name)
		require.Equal(t, "/keys", s.Environment["JWT_KEYS_DIR"], name)
		require.True(t, s.ReadOnly, name)
	}
}

// knownSettings returns the settings that the program reads, of which .env.example lists all.
func knownSettings(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#? ?([A-Z][A-Z0-9_]+)=`).FindAllStringSubmatch(read(t, "../.env.example"),
		-1) {
		known[m[1]] = true
	}
	return known
}

func TestEnvironmentIsWhatTheProgramReads(t *testing.T) {
	known, c := knownSettings(t), load(t)
	for _, name := range []string{"app", "worker"} {
		env := c.Services[name].Environment
		for key, value := range env {
			require.True(t, known[key], "%s: .env.example does not know %s", name, key)
			require.NotEmpty(t, value, "%s: %s is empty", name, key)
		}
		for _, key := range []string{"PUBLIC_URL", "DATA_DIR", "JWT_KEYS_DIR", "SMTP_URL", "DATABASE_URL", "REDIS_URL"} {
			require.NotEmpty(t, env[key], "%s: %s is missing", name, key)
		}
	}
}

// TestTheStoreKeyIsNarrow keeps F6: one bucket, no root key, no unsigned bodies.
func TestTheStoreKeyIsNarrow(t *testing.T) {
	c := load(t)
	app, setup, minio := c.Services["app"].Environment, c.Services["minio-setup"].Environment, c.Services["minio"].Environment
	for _, key := range []string{"S3_BUCKET", "S3_ACCESS_KEY", "S3_SECRET_KEY"} {
		require.NotEmpty(t, app[key], key)
		require.Equal(t, setup[key], app[key], key)
	}
	require.NotEqual(t, minio["MINIO_ROOT_USER"], app["S3_ACCESS_KEY"], "the app has the root key")
	var policy struct {
		Statement []struct {
			Effect           string
			Action, Resource []string
			Condition        map[string]map[string][]string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, "minio-policy.json")), &policy))
	denied := false
	for _, s := range policy.Statement {
		for _, resource := range s.Resource {
			if name := strings.TrimPrefix(resource, "arn:aws:s3:::"); strings.TrimSuffix(name, "/*") != app["S3_BUCKET"] {
				t.Errorf("the policy reaches %s", resource)
			}
		}
		for _, action := range s.Action {
			require.False(t,
				s.Effect == "Allow" && !slices.Contains([]string{
					"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation",
				},
					action),
				"the policy allows %s", action)
		}
		denied = denied || s.Effect == "Deny" && slices.Contains(s.Condition["StringLike"]["s3:x-amz-content-sha256"],
			"STREAMING-UNSIGNED-*")
	}
	require.True(t, denied, "the policy takes unsigned bodies")
}

func TestTheImageIsSmallAndUnprivileged(t *testing.T) {
	file := read(t, "Dockerfile")
	for _, want := range []string{
		"CGO_ENABLED=0 go build", "USER 65532:65532", "distroless/static", "-o /out/lyceum ./app",
	} {
		require.Contains(t, file, want, "no %q", want)
	}
}

// TestComposeReadsIt asks the real tool where it is installed.
func TestComposeReadsIt(t *testing.T) {
	if exec.Command("docker", "compose", "version").Run() != nil {
		t.Skip("an extra for machines with docker compose; the other tests read the files as YAML")
	}
	for _, name := range []string{"DATABASE", "MINIO", "S3", "ADMIN"} {
		t.Setenv("LYCEUM_"+name+"_PASSWORD", "secret")
	}
	for _, files := range [][]string{
		{"-f", "compose.yml"}, {"-f", "compose.yml", "-f", "compose.monitoring.yml"},
		{"-f", "compose.yml", "-f", "compose.replicas.yml"},
	} {
		args := slices.Concat([]string{"compose"}, files, []string{"config", "--quiet"})
		out, err := exec.Command("docker", args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}
