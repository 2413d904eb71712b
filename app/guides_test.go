package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// documents returns the Markdown files that readers of the project find, relative to the project.
func documents(t *testing.T) []string {
	t.Helper()
	files := []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "tools/clients/README.md", "docker/README.md", "public/README.md"}
	for _, folder := range []string{"../docs/*.md", "../docs/decisions/*.md"} {
		guides, err := filepath.Glob(folder)
		require.NoError(t, err)
		for _, guide := range guides {
			files = append(files, filepath.ToSlash(strings.TrimPrefix(guide, "../")))
		}
	}
	require.Greater(t, len(files), 20)
	return files
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", file))
	require.NoError(t, err)
	return string(raw)
}

// shellBlock is a block of commands in a document. What a test can't run, such as a server that does not end, is in a
// block of type console.
var shellBlock = regexp.MustCompile("(?s)\n```sh\n(.*?)\n```\n")

// shellBlocks returns the commands of a document in their order.
func shellBlocks(t *testing.T, file string) (blocks []string) {
	t.Helper()
	for _, found := range shellBlock.FindAllStringSubmatch(readFile(t, file), -1) {
		blocks = append(blocks, found[1])
	}
	return blocks
}

// The commands of the README and of each guide run as they stand there, on a new server. Those of a guide go on
// where the README has ended.
func TestCommandsOfDocuments(t *testing.T) {
	t.Parallel()
	walk := shellBlocks(t, "README.md")
	require.GreaterOrEqual(t, len(walk), 4)
	for _, file := range documents(t) {
		blocks := shellBlocks(t, file)
		if len(blocks) == 0 {
			continue
		}
		if file != "README.md" {
			blocks = slices.Concat(walk, blocks)
		}
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			// The first administrator of docs/getting-started.md.
			p := launch(t, t.TempDir(), map[string]string{
				"ADMIN_EMAIL": "you@example.com", "ADMIN_PASSWORD": "a long secret phrase",
			})
			// An answer that is a problem ends the script, whether or not the command says -f, unless a comment
			// behind the command says that it is expected.
			script := "set -eu -o pipefail\ncurl() { command curl --fail-with-body \"${@/#-sf/-s}\"; }\n" +
				refusedCommand.ReplaceAllString(strings.Join(blocks, "\n"),
					`test "$(command curl -o /dev/null -w '%{http_code}' $1)" = $2`)
			cmd := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(script, "http://localhost:8000", p.URL))
			cmd.Dir = t.TempDir()
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
		})
	}
}

// refusedCommand matches a command whose comment says which error the server answers.
var refusedCommand = regexp.MustCompile(`(?m)^curl (.*)  # (4\d\d)\b.*$`)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	fenced  = regexp.MustCompile("(?s)\n```.*?\n```")
	notSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchorsOf returns the anchors of the headings of a document, as Git hosts make them.
func anchorsOf(markdown string) (anchors []string) {
	for _, found := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(markdown, ""), -1) {
		slug := notSlug.ReplaceAllString(strings.ToLower(found[1]), "")
		anchors = append(anchors, strings.ReplaceAll(slug, " ", "-"))
	}
	return anchors
}

// brokenLinks returns the relative links of a document that lead nowhere.
func brokenLinks(root, file, markdown string) (broken []string) {
	for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(markdown, ""), -1) {
		target, anchor, _ := strings.Cut(found[1], "#")
		if strings.Contains(target, ":") {
			continue // another site
		}
		text := markdown
		if target != "" {
			path := filepath.Join(root, filepath.Dir(file), filepath.FromSlash(target))
			if _, err := os.Stat(path); err != nil {
				broken = append(broken, found[1])
				continue
			}
			raw, _ := os.ReadFile(path)
			text = string(raw)
		}
		if anchor != "" && !slices.Contains(anchorsOf(text), anchor) {
			broken = append(broken, found[1])
		}
	}
	return broken
}

func TestLinksOfDocuments(t *testing.T) {
	for _, file := range documents(t) {
		require.Empty(t, brokenLinks("..", file, readFile(t, file)), file)
	}
	planted := "# A heading\n\n[a](#a-heading) [b](#another) [c](nowhere.md) [d](README.md#walk) [e](https://example.com/x)"
	require.Equal(t, []string{"#another", "nowhere.md", "README.md#walk"}, brokenLinks("..", "PLANTED.md", planted))
}

// Every guide can be found from the README, and the README is read in ten minutes.
func TestTheReadmeLeadsToEveryGuide(t *testing.T) {
	readme := readFile(t, "README.md")
	require.Less(t, len(strings.Fields(readme)), 1100)
	for _, file := range documents(t) {
		if filepath.Dir(file) == "docs" {
			require.Contains(t, readme, "("+file+")")
		}
	}
}

var (
	consoleBlock = regexp.MustCompile("(?s)\n```console\n(.*?)\n```\n")
	taskCall     = regexp.MustCompile(`go tool task (?:-[^ ]+|([a-z][a-z:]*))`)
	ownCall      = regexp.MustCompile(`(?:^|[ /'])lyceum((?: (?:[a-z][a-z-]*|--[a-z-]+))+)`)
	goCall       = regexp.MustCompile(`go (?:run|build [^#]*?)(\./[a-z/]+)`)
	// ownFile matches commands of the machine that name a file, an account or a unit lyceum.
	ownFile = regexp.MustCompile(`systemctl|useradd|install |chown `)
)

// Blocks of type console show what can't run in a test, such as a server that does not end or services of the machine.
// The tasks, the commands of the program with their flags and the folders in them exist.
func TestConsoleBlocksNameWhatExists(t *testing.T) {
	root, err := newRoot()
	require.NoError(t, err)
	taskfile, n := readFile(t, "Taskfile.yml"), 0
	for _, file := range documents(t) {
		for _, block := range consoleBlock.FindAllStringSubmatch(readFile(t, file), -1) {
			for line := range strings.SplitSeq(block[1], "\n") {
				where := file + ": " + line
				if found := taskCall.FindStringSubmatch(line); found != nil {
					require.Contains(t, taskfile, "\n  "+found[1], where)
					n++
				}
				if found := goCall.FindStringSubmatch(line); found != nil {
					require.DirExists(t, filepath.Join("..", found[1]), where)
					n++
				}
				if found := ownCall.FindStringSubmatch(cutComment(line)); found != nil && !ownFile.MatchString(line) {
					requireCommand(t, root, strings.Fields(found[1]), where)
					n++
				}
			}
		}
	}
	require.Greater(t, n, 20, "commands found")
}

// cutComment returns a line of a block without its comment and without the account that it runs as.
func cutComment(line string) string {
	command, _, _ := strings.Cut(strings.ReplaceAll(line, "-u lyceum", ""), " #")
	return command
}

// requireCommand checks that the program has a command with the flags among words.
func requireCommand(t *testing.T, root *cobra.Command, words []string, where string) {
	t.Helper()
	called, rest, err := root.Find(words)
	require.NoError(t, err, where)
	require.NotEqual(t, root.Name(), called.Name(), where)
	followsFlag := false
	for _, word := range rest {
		flag, isFlag := strings.CutPrefix(word, "--")
		require.True(t, isFlag || followsFlag, "%s: what is %q?", where, word)
		require.True(t, !isFlag || called.Flags().Lookup(flag) != nil, where)
		followsFlag = isFlag
	}
}
