package docker

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"go.yaml.in/yaml/v3"
)

// foreignMetrics are those of kube-state-metrics that an alert uses: when Kubernetes made the CronJob of the backup,
// and when a backup last succeeded. docs/metrics.md has the metrics of the program alone.
var foreignMetrics = []string{"kube_cronjob_created", "kube_cronjob_status_last_successful_time"}

// knownMetrics returns the metrics that docs/metrics.md lists, which a test writes from the program, and those of the
// libraries that the rules use, and foreignMetrics.
func knownMetrics(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{
		"up": true, "process_open_fds": true, "process_max_fds": true, "process_resident_memory_bytes": true,
		"process_cpu_seconds_total": true, "go_sql_wait_duration_seconds_total": true, "go_sql_in_use_connections": true,
		"go_sql_max_open_connections": true,
	}
	for _, name := range foreignMetrics {
		known[name] = true
	}
	for _, match := range regexp.MustCompile("(?m)^\\| `(lyceum_[a-z_]+)`").FindAllStringSubmatch(read(t, "../docs/metrics.md"), -1) {
		known[match[1]] = true
		if strings.HasSuffix(match[1], "_seconds") {
			known[match[1]+"_bucket"], known[match[1]+"_count"] = true, true
		}
	}
	return known
}

var metricName = regexp.MustCompile(`\b(lyceum|process|go_sql|go|kube)_[a-z_]+\b`)

// requireKnown checks that a query names metrics, and only ones that there are.
func requireKnown(t *testing.T, known map[string]bool, query string) {
	t.Helper()
	names := metricName.FindAllString(query, -1)
	if strings.HasPrefix(query, "up{") {
		names = append(names, "up")
	}
	require.NotEmpty(t, names, query)
	for _, name := range names {
		require.True(t, known[name], "%s in %s", name, query)
	}
	require.Equal(t, strings.Count(query, "("), strings.Count(query, ")"), query)
}

func TestAlertsNameMetricsThatThereAre(t *testing.T) {
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "monitoring/alerts.yml")), &file))
	require.NotEmpty(t, file.Groups[0].Rules)
	known := knownMetrics(t)
	for _, rule := range file.Groups[0].Rules {
		requireKnown(t, known, rule.Expr)
		require.Contains(t, []string{"page", "ticket"}, rule.Labels["severity"], rule.Alert)
		require.NotEmpty(t, rule.Annotations["summary"], rule.Alert)
		require.NotEmpty(t, rule.Annotations["action"], "%s says what to do", rule.Alert)
		require.NotEmpty(t, rule.For, rule.Alert)
	}
}

// TestEveryAlertHasATest looks for a test in which the alert fires.
func TestEveryAlertHasATest(t *testing.T) {
	tests := read(t, "monitoring/alerts_test.yml")
	for _, found := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(read(t, "monitoring/alerts.yml"), -1) {
		require.Contains(t, tests, "alertname: "+found[1]+"\n", "a test in which %s fires", found[1])
	}
}

// TestPrometheusTakesTheAlerts asks the real tool where it is installed, which also runs the tests of the alerts.
func TestPrometheusTakesTheAlerts(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("an extra for machines with promtool; the other tests read the rules as YAML")
	}
	for _, args := range [][]string{
		{"check", "config", "--syntax-only", "monitoring/prometheus.yml"}, {"test", "rules", "monitoring/alerts_test.yml"},
	} {
		out, err := exec.Command("promtool", args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

func TestTheDashboardNamesMetricsThatThereAre(t *testing.T) {
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, "monitoring/grafana/dashboards/lyceum.json")), &dashboard))
	require.NotEmpty(t, dashboard.Panels)
	known := knownMetrics(t)
	for _, panel := range dashboard.Panels {
		require.NotEmpty(t, panel.Targets, panel.Title)
		for _, target := range panel.Targets {
			requireKnown(t, known, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
		}
	}
}

// TestMonitoringUsesFilesThatThereAre reads compose.monitoring.yml: images are pinned, ports are on loopback, and what it
// mounts exists.
func TestMonitoringUsesFilesThatThereAre(t *testing.T) {
	var c composeFile
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "compose.monitoring.yml")), &c))
	require.Equal(t, ":9100", c.Services["app"].Environment["METRICS_ADDR"])
	require.Contains(t, read(t, "monitoring/prometheus.yml"), "app:9100")
	for name, s := range c.Services {
		for _, port := range s.Ports {
			require.True(t, strings.HasPrefix(port, "127.0.0.1:"), "%s: %s", name, port)
		}
		for _, volume := range s.Volumes {
			source, _, _ := strings.Cut(volume, ":")
			if strings.HasPrefix(source, "./") {
				_, err := os.Stat(source)
				require.NoError(t, err, name)
			}
		}
	}
}
