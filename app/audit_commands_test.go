package main

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"lyceum/app/seed"
	"lyceum/app/sitetest"
)

// order says what a command writes into the log, and runs it.
type order struct {
	command string
	// writes are the actions of its entries; because is why a command that changes something has none.
	// One that has neither only reads.
	writes, because string
	do              func(o *operator)
}

// operator runs commands beside a serving process, save those that need the database for themselves.
type operator struct {
	t    *testing.T
	vars map[string]string
	s    *sitetest.Site
	// admin is the administrator that the start has made.
	admin string
}

const operatorEmail = "operator@example.com"

// orders has every command, in an order in which each finds what it needs.
var orders = []order{
	{
		command: "migrate up", because: "the schema is nobody's data; its own table says what ran when",
		do: func(o *operator) { o.run("", "migrate", "up") },
	},
	{command: "migrate down", because: "as migrate up", do: func(o *operator) {
		o.run("", "migrate", "down")
		o.run("", "migrate", "up")
	}},
	{command: "serve", writes: "user.registered", do: func(o *operator) {
		o.s = sitetest.Start(o.t, o.vars)
		o.admin = o.s.Login(operatorEmail, seed.DemoPassword)
	}},
	{command: "worker", because: "it does what servers leave to it: the changes are those of their requests"},
	{command: "admin create", writes: "user.registered", do: func(o *operator) {
		o.run("a long enough phrase\n", "admin", "create", "--email", "second@example.com", "--password-stdin")
	}},
	{command: "admin remove-factor", writes: "auth.mfa_disabled", do: func(o *operator) {
		email, _, token := o.s.NewAccount("factor")
		secret := o.s.Want(200, "POST", "/auth/mfa/totp", token, nil).Text("secret")
		o.s.Want(200, "POST", "/auth/mfa/totp/confirm", token, map[string]string{"code": sitetest.TOTPCode(o.t, secret, 0)})
		o.run("", "admin", "remove-factor", "--email", email)
		// What was only being set up was never on: nothing is disabled.
		o.s.Want(200, "POST", "/auth/mfa/totp", token, nil)
		o.run("", "admin", "remove-factor", "--email", email)
	}},
	{
		command: "keys rotate",
		because: "keys are files of the operator's, with the times at which they were made",
		do:      func(o *operator) { o.run("", "keys", "rotate") },
	},
	{command: "outbox retry", because: "deliveries of what was changed, and audited, before", do: func(o *operator) {
		// One that was given up.
		_, err := o.s.Running.Parts.DB.Exec(o.t.Context(),
			`INSERT INTO outbox_deliveries (id, event_id, event, subscriber, payload, state, next_at, created_at)
			VALUES (?, ?, 'nothing.happened', 'nobody', '{}', 'dead', 0, 0)`, unknownID, unknownID)
		require.NoError(o.t, err)
		require.Contains(o.t, o.run("", "outbox", "retry"), "1 due again")
	}},
	{
		command: "progress recompute", because: "what can be computed from the rows is made what they say",
		do: func(o *operator) {
			o.s.Want(201, "POST", "/courses", o.admin, `{"title":"Miscounted"}`)
			_, err := o.s.Running.Parts.DB.Exec(o.t.Context(), "UPDATE courses SET lesson_count = 9")
			require.NoError(o.t, err)
			require.Contains(o.t, o.run("", "progress", "recompute"), "1 counts and sums repaired")
		},
	},
	{command: "audit accept-break", writes: "audit.break_accepted", do: func(o *operator) {
		sitetest.ExecWithoutAuditTriggers(o.t, o.s.Running.Parts.DB, "UPDATE audit_head SET mac = ''")
		o.run("", "audit", "accept-break", "--reason", "tried on purpose")
	}},
	{
		command: "restore", because: "the log is part of what it replaces, and goes on from the backup's end",
		do: func(o *operator) {
			dir := filepath.Join(o.t.TempDir(), "backup")
			o.run("", "backup", dir)
			status, out := lyceum(o.t, newEmbedded(o.t), "", "restore", dir)
			require.Equal(o.t, 0, status, out)
		},
	},
	{command: "backup"}, {command: "doctor"},
	{command: "migrate status"}, {command: "audit verify"}, {command: "audit anchor"}, {command: "outbox dead"},
	{command: "modules"}, {command: "config"}, {command: "openapi"}, {command: "version"},
}

// run is a command that does what it says.
func (o *operator) run(stdin string, args ...string) string {
	o.t.Helper()
	status, out := lyceum(o.t, o.vars, stdin, args...)
	require.Equal(o.t, 0, status, "%v: %s", args, out)
	return out
}

// written are the entries of commands, without those of requests, the oldest first.
func (o *operator) written() (out []noted) {
	o.t.Helper()
	err := o.s.Running.Parts.DB.Query(o.t.Context(),
		"SELECT seq, action, coalesce(CAST(actor_id AS text), ''), target_type, target_id, data FROM audit_entries WHERE request_id = '' ORDER BY seq",
		nil, func(scan func(...any) error) error {
			var e noted
			var data string
			if err := scan(&e.seq, &e.action, &e.actor, &e.targetType, &e.targetID, &data); err != nil {
				return err
			}
			require.Contains(o.t, data, `"via":"cli"`, e.action)
			out = append(out, e)
			return nil
		})
	require.NoError(o.t, err)
	return out
}

// commandsOf are the commands that do something themselves.
func commandsOf(c *cobra.Command, path string) (out []string) {
	for _, sub := range c.Commands() {
		name := strings.TrimSpace(path + " " + sub.Name())
		if sub.HasSubCommands() {
			out = append(out, commandsOf(sub, name)...)
		} else {
			out = append(out, name)
		}
	}
	return out
}

// L1: every command that changes something writes exactly its entries, by nobody who is signed in, or has a reason for none.
func TestEveryChangeByACommandHasItsEntryOrAReason(t *testing.T) {
	listed := make([]string, len(orders))
	for i, o := range orders {
		listed[i] = o.command
	}
	root, err := newRoot()
	require.NoError(t, err)
	require.ElementsMatch(t, commandsOf(root, ""), listed,
		"each command says in orders what it writes, why nothing, or that it only reads")
	sitetest.OnBothKinds(t, func(t *testing.T, vars map[string]string) {
		o := &operator{t: t, vars: vars}
		maps.Copy(o.vars,
			map[string]string{
				"DATA_DIR": t.TempDir(), "DEMO": "false", "ADMIN_EMAIL": operatorEmail,
				"ADMIN_PASSWORD": seed.DemoPassword,
			})
		seen := 0
		for _, each := range orders {
			if each.do == nil {
				require.Empty(t, each.writes, each.command)
				continue
			}
			require.True(t, (each.writes == "") != (each.because == ""), each.command)
			each.do(o)
			if o.s == nil {
				continue // judged once there is a log to read: nothing must be in it but what serve has written
			}
			found := o.written()
			require.Equal(t, strings.Fields(each.writes), actionsOf(t, found[seen:]), each.command)
			seen = len(found)
		}
		require.Equal(t, true, o.s.Want(200, "GET", "/admin/audit-logs/verify", o.admin, nil).Get("ok"))
	})
}

// actionsOf names the actions of entries that commands have written.
func actionsOf(t *testing.T, found []noted) []string {
	t.Helper()
	out := []string{}
	for _, e := range found {
		require.Contains(t, strings.Fields(targets[e.action]), e.targetType, e.action)
		require.Equal(t, e.targetType == "audit_log", e.targetID == "",
			"%s: everything but the log itself has an id", e.action)
		require.Empty(t, e.actor, "%s: nobody is signed in on the command line", e.action)
		out = append(out, e.action)
	}
	return out
}
