package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseOptions(t *testing.T) {
	o, err := parseOptions(nil, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []any{5, 2.0, 16, fullSize}, []any{o.rounds, o.seconds, o.connections, o.size})
	require.Len(t, o.scenarios, len(allScenarios))

	o, err = parseOptions([]string{"-quick", "-sqlite", "-only", "login, detail", "-out", "there"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []any{1, 0.3, true, "there", quickSize}, []any{o.rounds, o.seconds, o.isEmbedded, o.out, o.size})
	require.Equal(t, "detail", o.scenarios[0].name)
	require.Equal(t, "login", o.scenarios[1].name)

	_, err = parseOptions([]string{"-help"}, io.Discard)
	require.ErrorIs(t, err, flag.ErrHelp)
	for _, wrong := range [][]string{
		{"-rounds", "0"}, {"-seconds", "0"}, {"-seconds", "601"}, {"-connections", "0"}, {"-connections", "513"},
		{"-only", "detail,nothing"}, {"more"}, {"-unknown"},
	} {
		_, err = parseOptions(wrong, io.Discard)
		require.Error(t, err, "%v", wrong)
	}
}

// exampleData returns data as seedSite makes it.
func exampleData() *dataset {
	d := &dataset{}
	for i := range 3 {
		d.courses = append(d.courses, course{fmt.Sprint("course-", i), []string{"l0", "l1", "l2", "l3", "l4"}})
	}
	for i := range 2 {
		d.learners = append(d.learners, learner{fmt.Sprint("id-", i), fmt.Sprint(i, "@example.com"), fmt.Sprint("token-", i)})
	}
	return d
}

func TestScenariosHaveRequestsOnBothSides(t *testing.T) {
	require.Equal(t, []string{
		"list-anonymous", "list-member", "detail", "detail-not-modified", "progress-changing", "progress-unchanged",
		"sign", "class-mix", "login", "chat-fan-out", "chat-paced",
	}, scenarioNames())
	d := exampleData()
	for _, s := range allScenarios {
		for name, r := range map[string]routes{"Lyceum": &lyceumRoutes{}, "yardstick": &yardstickRoutes{}} {
			require.Regexp(t, "^/[a-z].*=", r.openSocket(d.learner(0)))
			if s.chat != nil {
				require.Positive(t, s.chat.senders)
				require.LessOrEqual(t, s.chat.senders, s.chat.sockets)
				continue
			}
			for n := range 20 {
				made := s.next(d, r, n)
				require.NotEmpty(t, made.method, "%s, %s", s.name, name)
				require.Regexp(t, "^/[a-z]", made.path)
				require.NotZero(t, made.want)
			}
		}
	}
}

func TestChangingReportsRise(t *testing.T) {
	d, seen, numbers := exampleData(), map[string]bool{}, regexp.MustCompile(`\d+`)
	var last string
	for range 1000 {
		r := nextChange(d, &lyceumRoutes{}, 0)
		key := r.token + r.path + r.body
		require.False(t, seen[key], "%s: the same report again changes nothing", key)
		seen[key], last = true, r.body
	}
	require.Equal(t, []string{"99", "1000"}, numbers.FindAllString(last, -1), "no report completes the lesson")
}

func TestLimitConnections(t *testing.T) {
	require.Equal(t, 16, scenario{}.limitConnections(16, 2))
	require.Equal(t, 8, scenario{perCore: 4}.limitConnections(16, 2))
	require.Equal(t, 3, scenario{perCore: 4}.limitConnections(3, 2))
}

func TestClassMix(t *testing.T) {
	d, counts := exampleData(), map[string]int{}
	for n := range 100 {
		r := nextOfClass(d, &lyceumRoutes{}, n)
		switch {
		case r.method == "PUT":
			counts["report"]++
		case r.path == "/courses":
			counts["list"]++
		case r.path == "/storage/sign?key="+fileKey:
			counts["sign"]++
		default:
			counts["detail"]++
		}
		require.NotEmpty(t, r.token)
	}
	require.Equal(t, map[string]int{"list": 30, "detail": 30, "report": 30, "sign": 10}, counts)
}

func TestPairsComeInTurn(t *testing.T) {
	d, seen := exampleData(), map[string]bool{}
	for i := range 6 {
		l, c := d.pair(i)
		seen[l.id+c.id] = true
	}
	require.Len(t, seen, 6)
}

func TestStaleFoldersAreRemoved(t *testing.T) {
	dir := t.TempDir()
	own := fmt.Sprint(folderPrefix, os.Getpid(), "-1")
	for _, name := range []string{own, folderPrefix + "99999999-1", folderPrefix + "x", "another"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	removeStaleFolders(dir)
	require.DirExists(t, filepath.Join(dir, own))
	require.DirExists(t, filepath.Join(dir, folderPrefix+"x"))
	require.DirExists(t, filepath.Join(dir, "another"))
	require.NoDirExists(t, filepath.Join(dir, folderPrefix+"99999999-1"))
}
