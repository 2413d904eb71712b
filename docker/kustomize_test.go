package docker

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"go.yaml.in/yaml/v3"

	"lyceum/platform/config"
)

// object is a Kubernetes object, as far as the tests look at it.
type object struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Replicas int
		Strategy struct {
			RollingUpdate map[string]int `yaml:"rollingUpdate"`
		}
		Template    podTemplate
		JobTemplate struct {
			Spec struct{ Template podTemplate }
		} `yaml:"jobTemplate"`
		AccessModes []string `yaml:"accessModes"`
	}
}

// podTemplate is what a Deployment or CronJob makes pods from.
type podTemplate struct {
	Spec struct {
		Seconds         int             `yaml:"terminationGracePeriodSeconds"`
		MountsToken     *bool           `yaml:"automountServiceAccountToken"`
		SecurityContext securityContext `yaml:"securityContext"`
		Containers      []container
		Volumes         []struct{ Name string }
	}
}

type securityContext struct {
	RunAsNonRoot bool                  `yaml:"runAsNonRoot"`
	RunAsUser    int                   `yaml:"runAsUser"`
	Seccomp      struct{ Type string } `yaml:"seccompProfile"`
	Escalation   *bool                 `yaml:"allowPrivilegeEscalation"`
	ReadOnly     bool                  `yaml:"readOnlyRootFilesystem"`
	Capabilities struct{ Drop []string }
}

type container struct {
	Image   string
	Args    []string
	EnvFrom []map[string]struct{ Name string } `yaml:"envFrom"`
	Ports   []struct {
		Name string
		Port int `yaml:"containerPort"`
	}
	StartupProbe    *probe `yaml:"startupProbe"`
	LivenessProbe   *probe `yaml:"livenessProbe"`
	ReadinessProbe  *probe `yaml:"readinessProbe"`
	Resources       struct{ Requests, Limits map[string]string }
	SecurityContext securityContext `yaml:"securityContext"`
	Mounts          []struct {
		Name string
		Path string `yaml:"mountPath"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	Get struct{ Path, Port string } `yaml:"httpGet"`
	// Period is the seconds between two looks, of which Failures in a row count.
	Period   int `yaml:"periodSeconds"`
	Failures int `yaml:"failureThreshold"`
}

// kustomization is a kustomization.yaml.
type kustomization struct {
	Resources []string
	Images    []struct {
		Name string
		Tag  string `yaml:"newTag"`
	}
	ConfigMaps []struct {
		Name     string
		Literals []string
	} `yaml:"configMapGenerator"`
}

// loadObjects returns the objects of the base by kind and name, such as Deployment/lyceum.
func loadObjects(t *testing.T) map[string]object {
	t.Helper()
	objects := map[string]object{}
	for _, file := range loadKustomization(t, "base").Resources {
		decoder := yaml.NewDecoder(strings.NewReader(read(t, filepath.Join("kustomize/base", file))))
		for {
			var o object
			err := decoder.Decode(&o)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, file)
			objects[o.Kind+"/"+o.Metadata.Name] = o
		}
	}
	return objects
}

func loadKustomization(t *testing.T, folder string) (k kustomization) {
	t.Helper()
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "kustomize/"+folder+"/kustomization.yaml")), &k))
	return k
}

// clusterSettings returns the settings that the base and then the example put into the ConfigMap.
func clusterSettings(t *testing.T) map[string]string {
	t.Helper()
	settings := map[string]string{}
	for _, folder := range []string{"base", "example"} {
		for _, generated := range loadKustomization(t, folder).ConfigMaps {
			if generated.Name == "lyceum-config" {
				addVariables(t, settings, generated.Literals...)
			}
		}
	}
	return settings
}

// addVariables adds lines of the form KEY=value.
func addVariables(t *testing.T, settings map[string]string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		key, value, isVariable := strings.Cut(line, "=")
		require.True(t, isVariable, line)
		settings[key] = value
	}
}

// secretSettings returns the lines of the example's secrets.
func secretSettings(t *testing.T) (lines []string) {
	t.Helper()
	text := bufio.NewScanner(strings.NewReader(read(t, "kustomize/example/secrets.env.example")))
	for text.Scan() {
		if !strings.HasPrefix(text.Text(), "#") {
			lines = append(lines, text.Text())
		}
	}
	return lines
}

// TestTheClusterIsConfiguredAsTheProgramReadsIt gives the settings to the program: it refuses the placeholders of the
// secrets, and takes everything else.
func TestTheClusterIsConfiguredAsTheProgramReadsIt(t *testing.T) {
	settings, known := clusterSettings(t), knownSettings(t)
	addVariables(t, settings, secretSettings(t)...)
	for key := range settings {
		require.True(t, known[key], key)
	}
	_, err := config.FromMap(settings)
	for _, key := range []string{"DATABASE_URL", "REDIS_URL", "SMTP_URL"} {
		require.ErrorContains(t, err, key+":")
		_, good, _ := strings.Cut(settings[key], "REPLACE: ")
		settings[key] = strings.NewReplacer("HOST", "host", "USER", "user", "PASSWORD", "secret").Replace(good)
	}
	c, err := config.FromMap(settings)
	require.NoError(t, err)
	require.True(t, c.IsProduction())
	require.False(t, c.WorkerInline)

	// All processes together, with the one that an update adds and a backup, stay below the 100 of PostgreSQL.
	objects := loadObjects(t)
	processes := objects["Deployment/lyceum"].Spec.Replicas + 1 + objects["Deployment/lyceum-worker"].Spec.Replicas + 1 + 1
	require.Less(t, processes*c.DatabaseMaxConns, 100)
	require.Equal(t, "secrets.env\n", read(t, "kustomize/.gitignore"))
}

// TestPodsHaveFewRights looks at every pod: what it may do, what it may use, and that its image is a release.
func TestPodsHaveFewRights(t *testing.T) {
	version := regexp.MustCompile(`var Version = "([^"]+)"`).FindStringSubmatch(read(t, "../app/main.go"))[1]
	objects := loadObjects(t)
	for name, command := range map[string]string{
		"Deployment/lyceum": "serve", "Deployment/lyceum-worker": "worker", "CronJob/lyceum-backup": "backup",
	} {
		pod := objects[name].Spec.Template.Spec
		if command == "backup" {
			pod = objects[name].Spec.JobTemplate.Spec.Template.Spec
		}
		require.True(t, pod.SecurityContext.RunAsNonRoot, name)
		require.Equal(t, 65532, pod.SecurityContext.RunAsUser, name)
		require.Equal(t, "RuntimeDefault", pod.SecurityContext.Seccomp.Type, name)
		require.False(t, *pod.MountsToken, name)
		require.Len(t, pod.Containers, 1, name)
		c := pod.Containers[0]
		require.Equal(t, command, c.Args[0], name)
		require.Equal(t, "lyceum:"+version, c.Image, name)
		require.False(t, *c.SecurityContext.Escalation, name)
		require.True(t, c.SecurityContext.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, c.SecurityContext.Capabilities.Drop, name)
		require.NotEmpty(t, c.Resources.Limits["memory"], name)
		require.NotEmpty(t, c.Resources.Requests["cpu"], name)
		require.Equal(t, "lyceum-config", c.EnvFrom[0]["configMapRef"].Name, name)
		require.Equal(t, "lyceum-secrets", c.EnvFrom[1]["secretRef"].Name, name)
		requireFolders(t, name, c, pod.Volumes)
	}
	image := loadKustomization(t, "example").Images[0]
	require.Equal(t, "lyceum "+version, image.Name+" "+image.Tag)
	require.Equal(t, []string{"ReadWriteMany"}, objects["PersistentVolumeClaim/lyceum-keys"].Spec.AccessModes)
}

// requireFolders checks that the folders that the program writes to are in volumes, as the rest can't be written.
func requireFolders(t *testing.T, name string, c container, volumes []struct{ Name string }) {
	t.Helper()
	var paths []string
	for _, m := range c.Mounts {
		paths = append(paths, m.Path)
		require.Contains(t, volumes, struct{ Name string }{m.Name}, name)
	}
	settings := clusterSettings(t)
	for _, key := range []string{"DATA_DIR", "JWT_KEYS_DIR"} {
		require.Contains(t, paths, filepath.Dir(settings[key]), "%s: %s", name, key)
	}
}

// TestPodsReachWhatTheyNeed compares the policy with the ports that the documents name.
func TestPodsReachWhatTheyNeed(t *testing.T) {
	policy, documents := read(t, "kustomize/base/network.yaml"), read(t, "../docs/deployment.md")+
		read(t, "../docs/operating.md")+strings.Join(secretSettings(t), "\n")
	found := regexp.MustCompile(`(?:redis|rediss|smtp|postgres|http)://[^\s?]*:(\d+)`).FindAllStringSubmatch(documents, -1)
	require.Greater(t, len(found), 5)
	for _, address := range found {
		if !regexp.MustCompile(`localhost|127\.0\.0\.1|\$`).MatchString(address[0]) {
			require.Contains(t, policy, "{protocol: TCP, port: "+address[1]+"}", address[0])
		}
	}
}

// TestAnUpdateLosesNoRequest compares probes and times with what a stopping server does.
func TestAnUpdateLosesNoRequest(t *testing.T) {
	o, settings := loadObjects(t)["Deployment/lyceum"], clusterSettings(t)
	require.Equal(t, 3, o.Spec.Replicas)
	require.Equal(t, map[string]int{"maxUnavailable": 0, "maxSurge": 1}, o.Spec.Strategy.RollingUpdate)
	delay, err := time.ParseDuration(settings["SHUTDOWN_DELAY"])
	require.NoError(t, err)
	require.Greater(t, time.Duration(o.Spec.Template.Spec.Seconds)*time.Second, 30*time.Second+delay)

	c := o.Spec.Template.Spec.Containers[0]
	routes, ports := read(t, "../app/testdata/routes.txt"), map[string]string{}
	for _, p := range c.Ports {
		ports[p.Name] = ":" + strconv.Itoa(p.Port)
	}
	require.Equal(t, settings["HTTP_ADDR"], ports["http"])
	require.Equal(t, settings["METRICS_ADDR"], ports["metrics"])
	for path, probes := range map[string][]*probe{
		"/healthz": {c.StartupProbe, c.LivenessProbe}, "/readyz": {c.ReadinessProbe},
	} {
		require.Contains(t, routes, "GET "+path+"  anonymous")
		for _, p := range probes {
			require.Equal(t, path, p.Get.Path)
			require.Equal(t, "http", p.Get.Port)
		}
	}
	left := time.Duration(c.ReadinessProbe.Period*c.ReadinessProbe.Failures) * time.Second
	require.LessOrEqual(t, 2*left, delay, "the pod is left while it still serves")
}

// TestKustomizeBuildsIt asks the real tool where it is installed, with the placeholders as secrets.
func TestKustomizeBuildsIt(t *testing.T) {
	if exec.Command("kubectl", "kustomize", "--help").Run() != nil {
		t.Skip("an extra for machines with kubectl; the other tests read the files as YAML")
	}
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS("kustomize")))
	example := filepath.Join(dir, "example")
	require.NoError(t, os.Rename(filepath.Join(example, "secrets.env.example"), filepath.Join(example, "secrets.env")))
	out, err := exec.Command("kubectl", "kustomize", example).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NotContains(t, string(out), "name: lyceum-config\n", "every reference has the checksum")
	require.NotContains(t, string(out), "name: lyceum-secrets\n")
	require.Contains(t, string(out), "image: registry.example.org/lyceum:")
	require.NotContains(t, string(out), "podSelector: {}")
}
