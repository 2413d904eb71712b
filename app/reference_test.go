package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"lyceum/modules/audit/auditapi"
	"lyceum/modules/users/usersapi"
	"lyceum/platform/apperr"
	"lyceum/platform/config"
	"lyceum/platform/events"
	"lyceum/platform/httpx"
	"lyceum/platform/httpx/openapi"
	"lyceum/platform/httpx/problem"
	"lyceum/platform/identity"
	"lyceum/platform/migrate"
	"lyceum/platform/module"
	"lyceum/platform/telemetry"
)

// generatedNote heads every page that is written from the declarations of the modules.
const generatedNote = "<!-- Written by go tool task golden:update from the declarations of the modules. Do not edit. -->\n\n"

// declarations are what the pages of the reference are written from.
type declarations struct {
	fx.In
	Permissions *identity.Permissions
	Problems    *apperr.Catalog
	Events      *events.Catalog
	Bus         *events.Bus
	Actions     *auditapi.Actions
	Server      *httpx.Server
	Metrics     *telemetry.Metrics
}

func TestReferencePages(t *testing.T) {
	var d declarations
	require.NoError(t, built(t, embeddedConfig(t, nil), modules, &d))
	settings, err := config.RenderReference(allSettings()...)
	require.NoError(t, err)
	for name, text := range map[string]string{
		"settings.md":      settingsHead + settings,
		"module-graph.md":  d.moduleGraphPage(t),
		"permissions.md":   d.permissionsPage(),
		"errors.md":        d.errorsPage(),
		"events.md":        d.eventsPage(),
		"audit.md":         d.auditPage(),
		"metrics.md":       d.metricsPage(),
		"api-reference.md": string(openapi.RenderMarkdown(d.Server.OpenAPI())),
	} {
		t.Run(name, func(t *testing.T) { goldenFile(t, "../docs/"+name, generatedNote+text) })
	}
}

// metricsPage lists the metrics of the program.
func (d declarations) metricsPage() string {
	var b strings.Builder
	b.WriteString(metricsHead)
	for _, m := range d.Metrics.Describe() {
		labels := make([]string, len(m.Labels))
		for i, label := range m.Labels {
			labels[i] = "`" + label + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m.Name, strings.Join(labels, ", "), m.Help)
	}
	return b.String()
}

// metricsHead begins the page of the metrics.
const metricsHead = `# Metrics

What ` + "`GET /metrics`" + ` tells Prometheus, on ` + "`METRICS_ADDR`" + ` or, in development, beside the API. A server
counts what it does itself; what is said to be over all servers comes from the database, so take ` + "`max`" + ` of it
and not ` + "`sum`" + `.

Beside these there are the usual ones of the Go runtime (` + "`go_…`" + `), of the process (` + "`process_…`" + `) and of the
pools of connections to the database (` + "`go_sql_…`" + `, with the label ` + "`db_name`" + `: ` + "`primary`" + ` or ` + "`replica`" + `).

| metric | labels | meaning |
| --- | --- | --- |
`

// settingsHead begins the page of the settings.
const settingsHead = "# Settings\n\nEvery setting with its default. [Configuration](configuration.md) explains where they come from and " +
	"which matter\nfirst. Empty means that the part runs inside of the process, or that nothing is limited.\n"

// moduleGraphPage draws what the modules ask of one another, as their imports say, and which events go where.
func (d declarations) moduleGraphPage(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("# The graph of the modules\n\nDrawn from the imports and the subscriptions of the code. An arrow with a full line says that " +
		"a module asks another one\nthrough its `<name>api` package. An arrow with a dotted line says that a module is told events of another " +
		"one.\n`audit` is left out of the second picture, as it gets an entry of every change.\n\n## Who asks whom\n\n```mermaid\nflowchart LR\n")
	for _, m := range modules {
		for _, asked := range askedModules(t, m.Name) {
			fmt.Fprintf(&b, "  %s --> %s\n", m.Name, asked)
		}
	}
	b.WriteString("```\n\n## Who tells whom\n\n```mermaid\nflowchart LR\n")
	for _, e := range d.Events.List() {
		for _, s := range d.Bus.ListDeliveries(e.Name) {
			if s.Subscriber != "audit" {
				teller, _, _ := strings.Cut(e.Name, ".")
				fmt.Fprintf(&b, "  %s -. %s .-> %s\n", cmp.Or(tellers[teller], teller), e.Name, s.Subscriber)
			}
		}
	}
	b.WriteString("```\n")
	return b.String()
}

// tellers are the modules of events whose names begin with something of theirs and not with their own name.
var tellers = map[string]string{
	"user": "users", "course": "courses", "lesson": "courses", "enrollment": "courses", "invite": "invites",
	"notification": "notifications", "asset": "storage",
}

// askedModules returns the modules whose api packages the product code of a module imports.
func askedModules(t *testing.T, module string) (asked []string) {
	t.Helper()
	for _, p := range platformPackages(t, "../modules/"+module) {
		for _, imported := range slices.Sorted(maps.Keys(p.modules)) {
			if imported != module && !slices.Contains(asked, imported) {
				asked = append(asked, imported)
			}
		}
	}
	slices.Sort(asked)
	return asked
}

// permissionsPage lists every permission with its lowest role and its routes.
func (d declarations) permissionsPage() string {
	var b strings.Builder
	b.WriteString("# Permissions\n\nEach route asks for one permission, and each permission names the lowest role that has it. Every higher " +
		"role has it, too:\n`user` < `member` < `instructor` < `admin`. Whether a caller may touch one object is decided by the module " +
		"that owns it.\n\n| permission | lowest role | routes |\n| --- | --- | --- |\n")
	routes := map[string][]string{}
	for _, r := range d.Server.ListRoutes() {
		if !r.Hidden {
			routes[r.Permission] = append(routes[r.Permission], "`"+r.Method+" "+r.Path+"`")
		}
	}
	for _, p := range d.Permissions.List() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", p.Name, cmp.Or(string(p.Lowest), "anonymous"),
			strings.Join(routes[p.Name], "<br>"))
	}
	return b.String()
}

// errorsPage lists every code with its status and its meaning.
func (d declarations) errorsPage() string {
	var b strings.Builder
	b.WriteString("# Error codes\n\nEvery error is `application/problem+json` (RFC 9457) with a stable `code`. A running server explains " +
		"each one at\n`/problems/{code}`.\n\n| code | status | title | meaning |\n| --- | --- | --- | --- |\n")
	for _, p := range d.Problems.List() {
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s |\n", p.Code, problem.StatusOf(p.Kind), p.Title, p.Meaning)
	}
	return b.String()
}

// eventsPage lists every event with its payload and who gets it.
func (d declarations) eventsPage() string {
	var b strings.Builder
	b.WriteString("# Events\n\nModules publish events inside the transaction of the change that they tell of. A subscriber gets an event " +
		"either *in the\ntransaction*, where its error rolls the change back, or *durably*: after the commit, at least once.\n")
	for _, e := range d.Events.List() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", e.Name, e.Meaning)
		for _, field := range e.Fields {
			name, typ, _ := strings.Cut(field, " ")
			fmt.Fprintf(&b, "- `%s`: %s\n", name, typ)
		}
		var subscribers []string
		for _, s := range d.Bus.ListDeliveries(e.Name) {
			how := "in the transaction"
			if s.Durable {
				how = "durably"
			}
			subscribers = append(subscribers, fmt.Sprintf("%s (%s)", s.Subscriber, how))
		}
		fmt.Fprintf(&b, "\nSubscribers: %s.\n", cmp.Or(strings.Join(subscribers, ", "), "none"))
	}
	return b.String()
}

// auditPage lists every action of the audit log with the types of its targets.
func (d declarations) auditPage() string {
	var b strings.Builder
	b.WriteString("# Actions of the audit log\n\n| action | targets |\n| --- | --- |\n")
	for _, a := range d.Actions.List() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", a.Name, strings.Join(a.Targets, ", "))
	}
	return b.String()
}

// Every event that is declared has a subscriber: one that nobody wants is dead code.
func TestEveryEventHasASubscriber(t *testing.T) {
	var d declarations
	require.NoError(t, built(t, embeddedConfig(t, nil), modules, &d))
	for _, e := range d.Events.List() {
		require.NotEmpty(t, d.Bus.ListDeliveries(e.Name), "%s", e.Name)
	}
}

// eventName is the form of the name of an event: it ends in a past participle, or in "due" if it is work that a module
// leaves to itself. An audit entry is a record and no fact of its own.
var eventName = regexp.MustCompile(`^([a-z]+\.([a-z]+_)*([a-z]+ed|lost)|[a-z]+\.[a-z]+_due|audit\.entry)$`)

func TestNamesOfEvents(t *testing.T) {
	var d declarations
	require.NoError(t, built(t, embeddedConfig(t, nil), modules, &d))
	for _, e := range d.Events.List() {
		require.Regexp(t, eventName, e.Name)
	}
	for _, planted := range []string{"auth.new_sign_in", "published", "course.publish", "Course.published", "due"} {
		require.NotRegexp(t, eventName, planted)
	}
}

// Planted: a declaration that clashes with another one must make building fail, and say why.
func TestClashingDeclarationsAreRefused(t *testing.T) {
	var (
		server *httpx.Server
		runner *migrate.Runner
	)
	for name, clash := range map[string]struct {
		module module.Module
		says   string
	}{
		"permission": {
			module.Module{Permissions: []identity.Permission{{Name: "courses:read", Lowest: usersapi.RoleAdmin}}},
			`"courses:read" is declared twice`,
		},
		"problem": {
			module.Module{Problems: []apperr.Problem{{Code: "not-found", Title: "x", Meaning: "x"}}},
			`"not-found" is declared twice`,
		},
		"event": {
			module.Module{Declares: events.ProvideDeclarations(events.DeclareEvent[auditapi.Entry]("Again."))},
			`"audit.entry" is declared twice`,
		},
		"audit action": {
			module.Module{Declares: auditapi.Declare(auditapi.Action{Name: "user.updated", Targets: []string{"user"}})},
			`"user.updated" is declared twice`,
		},
		"migration": {module.Module{Migrations: slices.Clone(modules[0].Migrations[:1])}, "is there twice"},
	} {
		t.Run(name, func(t *testing.T) {
			clash.module.Name = "planted"
			err := built(t, embeddedConfig(t, nil), append(modules[:len(modules):len(modules)], clash.module),
				&server, &runner)
			require.ErrorContains(t, err, clash.says)
		})
	}
}
