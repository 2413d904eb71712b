package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// docGroup is a heading of .env.example and the settings below it.
type docGroup struct {
	title string
	docs  []Doc
}

// platformDocs explains the settings of Config, in the order of .env.example.
var platformDocs = []docGroup{
	{"The server", []Doc{
		{"APP_ENV", "development or production. Production needs PUBLIC_URL, DATA_DIR, JWT_KEYS_DIR and SMTP_URL."},
		{"HTTP_ADDR", "Address to listen on, host:port or :port."},
		{"PUBLIC_URL", "Where browsers reach the server: in mail links, in signed URLs of the embedded " +
			"store, and as the issuer of tokens."},
		{"DATA_DIR", "Folder of everything that embedded parts keep."},
		{"MODULES_DISABLED", "Comma-separated names of modules to switch off, of those that lyceum modules lists."},
		{"CORS_ORIGINS", "Comma-separated exact origins of other sites that may call, for sockets too. " +
			"Empty: only the server's own origin."},
		{"TRUSTED_PROXIES", "Comma-separated CIDRs whose X-Forwarded-For is believed."},
		{"SHUTDOWN_DELAY", "How long a stopping server still takes new requests, so that load balancers see " +
			"/readyz fail. In production 5s unless set."},
		{"WORKER_INLINE", "true: durable deliveries and jobs run in the server. false: only in lyceum worker."},
	}},
	{"Database and Redis", []Doc{
		{"DATABASE_URL", "postgres://user:password@host:5432/name or sqlite:///path. Empty: SQLite under DATA_DIR."},
		{"DATABASE_REPLICA_URL", "A PostgreSQL server that follows the one of DATABASE_URL and answers lists; empty means none."},
		{"DATABASE_MAX_CONNS", "Connections that one process opens at most."},
		{"AUTO_MIGRATE", "true: serve brings the schema up to date by itself."},
		{"REDIS_URL", "redis://host:6379 or rediss://host:6379, with ?master_name=…&addr=… for Sentinels and " +
			"?cluster=true&addr=… for a cluster. Empty: inside of the process."},
	}},
	{"Object store", []Doc{
		{"S3_ENDPOINT", "host:port of MinIO or any other S3. Empty: a folder under DATA_DIR."},
		{"S3_BUCKET", "Name of the bucket. It is made if the key may do so."},
		{"S3_ACCESS_KEY", "A key that may get, put, delete and list objects of that bucket."},
		{"S3_SECRET_KEY", "The secret of that key."},
		{"S3_REGION", "Region of the bucket. It is never asked for, so that signing needs no request."},
		{"S3_USE_TLS", "true: the store is reached by https."},
		{"S3_PUBLIC_ENDPOINT", "host:port at which browsers reach the store, if it differs from S3_ENDPOINT."},
	}},
	{"Mail server", []Doc{
		{"SMTP_URL", "smtp://user:password@host:1025 or smtps://host, with ?starttls=required if " +
			"wanted. Empty: mail is read at /dev/mailbox."},
	}},
	{"Keys and password hashes", []Doc{
		{"JWT_KEYS_DIR", "Folder of all keys of the server: <kid>.pem sign tokens, secret signs cursors " +
			"and URLs. Empty: DATA_DIR/keys."},
		{"ACCESS_TOKEN_TTL", "How long an access token is valid, from 1s to 24h."},
		{"ARGON2_MEMORY_KIB", "Memory of a password hash (argon2id, RFC 9106) in KiB."},
		{"ARGON2_TIME", "Passes of a password hash."},
		{"ARGON2_PARALLELISM", "Lanes of a password hash."},
	}},
	{"Rate limits, each as hits/window", []Doc{
		{"RATE_LIMIT_ENABLED", "false: nothing is limited, for measuring."},
		{"RATE_LIMIT_API", "Requests of a signed-in caller, else of a network address."},
	}},
	{"WebSockets", []Doc{
		{"WS_MAX", "Open sockets of the process. Beyond any of the three limits the answer is 503."},
		{"WS_MAX_PER_USER", "Open sockets of an account."},
		{"WS_MAX_PER_IP", "Open sockets of a network address."},
	}},
	{"Logs, metrics and traces", []Doc{
		{"LOG_LEVEL", "debug, info, warn or error."},
		{"LOG_FORMAT", "text or json. Empty: text in a terminal, else json."},
		{"METRICS_ADDR", "Address of its own for /metrics and the profiles of /debug/pprof. Empty: /metrics is on HTTP_ADDR, in development only."},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "URL to which traces go (OTLP over HTTP). Empty: nowhere."},
	}},
}

// envExampleHead begins .env.example.
const envExampleHead = "# Every setting of Lyceum with its default, written by go tool task golden:update. " +
	"Copy this file to .env and\n# change what you need; the environment wins over it. " +
	"Empty means that the part runs inside of the process.\n"

// RenderEnvExample returns the text of .env.example: every setting of the platform and of sections
// with its explanation and its default. It returns an error if a setting has no explanation, or an
// explanation no setting.
func RenderEnvExample(sections ...Section) (string, error) {
	groups, defaults, err := collectDocs(sections)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(envExampleHead)
	for _, g := range groups {
		writeGroup(&b, g, defaults)
	}
	return b.String(), nil
}

// RenderReference returns the same settings as RenderEnvExample in Markdown, a table for each group. It
// returns the same errors.
func RenderReference(sections ...Section) (string, error) {
	groups, defaults, err := collectDocs(sections)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n| setting | default | meaning |\n| --- | --- | --- |\n", g.title)
		for _, d := range g.docs {
			value := "empty"
			if defaults[d.Key] != "" {
				value = "`" + defaults[d.Key] + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", d.Key, value, strings.ReplaceAll(d.Text, "|", "\\|"))
		}
	}
	return b.String(), nil
}

// collectDocs returns the settings of the platform and of sections in their groups, and the default of each
// by the name of its variable. It returns an error if a setting has no explanation, or an explanation no
// setting.
func collectDocs(sections []Section) (groups []docGroup, defaults map[string]string, err error) {
	defaults = map[string]string{}
	collectDefaults(&Config{}, defaults)
	var explained []Doc
	for _, g := range platformDocs {
		groups = append(groups, g)
		explained = append(explained, g.docs...)
	}
	if err := checkExplained("the platform", platformKeys(), explained); err != nil {
		return nil, nil, err
	}
	for _, s := range sections {
		if err := checkExplained(s.Title, s.EnvKeys(), s.Docs); err != nil {
			return nil, nil, err
		}
		collectDefaults(s.newValue(), defaults)
		groups = append(groups, docGroup{s.Title, s.Docs})
	}
	return groups, defaults, nil
}

// collectDefaults adds the default of each setting to defaults, by the name of its variable.
func collectDefaults(settings any, defaults map[string]string) {
	walkFields(reflect.ValueOf(settings).Elem(), func(f reflect.StructField, _ reflect.Value) {
		defaults[f.Tag.Get("env")] = f.Tag.Get("envDefault")
	})
}

// exampleWidth is the greatest length of a line of an explanation.
const exampleWidth = 110

// writeGroup writes a heading and its settings: the explanation as comment lines, then the variable
// with its default.
func writeGroup(b *strings.Builder, g docGroup, defaults map[string]string) {
	fmt.Fprintf(b, "\n## %s\n", g.title)
	for _, d := range g.docs {
		line := "#"
		for word := range strings.FieldsSeq(d.Text) {
			if len(line)+1+len(word) > exampleWidth {
				b.WriteString(line + "\n")
				line = "#"
			}
			line += " " + word
		}
		fmt.Fprintf(b, "%s\n%s=%s\n", line, d.Key, defaults[d.Key])
	}
}

// checkExplained returns an error unless each of the keys is explained once and nothing else is.
func checkExplained(owner string, keys []string, docs []Doc) error {
	explained := map[string]bool{}
	for _, d := range docs {
		if !slices.Contains(keys, d.Key) || explained[d.Key] {
			return fmt.Errorf("config: %s of %s is explained and not a setting", d.Key, owner)
		}
		explained[d.Key] = true
	}
	for _, key := range keys {
		if !explained[key] {
			return fmt.Errorf("config: %s of %s has no explanation", key, owner)
		}
	}
	return nil
}
