package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/stretchr/testify/require"
)

// commitTime is the time of the commit of the fixture.
const commitTime = "2026-03-04T05:06:07Z"

// program is the source of the fixture: a program with a version and one dependency.
const program = `package main

import "github.com/hashicorp/golang-lru/v2/simplelru"

// Version of the program.
var Version = "unset"

func main() {
	cache, _ := simplelru.NewLRU[int, int](1, nil)
	println(Version, cache.Len())
}
`

// dependency is the module that the fixture needs. The project needs it, too, so it is here already.
const dependency = "github.com/hashicorp/golang-lru/v2"

// newFixture returns a repository with a small program of the same form as this one, in one commit with a tag.
func newFixture(t *testing.T) string {
	t.Helper()
	t.Setenv("GIT_COMMITTER_DATE", commitTime)
	t.Setenv("GIT_AUTHOR_DATE", commitTime)
	root := t.TempDir()
	var sums []string
	for line := range strings.Lines(readFile(t, "../../go.sum")) {
		if strings.HasPrefix(line, dependency+" ") {
			sums = append(sums, line)
		}
	}
	version := strings.Fields(sums[0])[1]
	require.NoError(t, os.MkdirAll(filepath.Join(root, "app", "pages"), 0o755))
	for name, content := range map[string]string{
		"go.mod":      "module lyceum\n\ngo 1.24\n\nrequire " + dependency + " " + version + "\n",
		"go.sum":      strings.Join(sums, ""),
		"app/main.go": program,
		"LICENSE":     "a license\n", "app/pages/LICENSE": "of the pages\n", "README.md": "# Fixture\n", ".gitignore": "/dist/\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(content), 0o644))
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"config", "user.name", "A"}, {"config", "user.email", "a@example.com"},
		{"add", "-A"}, {"commit", "-q", "-m", "fixture"}, {"tag", "v1.2.3"},
	} {
		git(t, root, args...)
	}
	return root
}

func git(t *testing.T, root string, args ...string) {
	t.Helper()
	_, err := runGit(t.Context(), root, args...)
	require.NoError(t, err)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

// host is the platform of this machine.
var host = platform{runtime.GOOS, runtime.GOARCH}

// readTar returns the headers and contents of a tar.gz file.
func readTar(t *testing.T, raw string) (headers []*tar.Header, contents map[string]string) {
	t.Helper()
	packed, err := gzip.NewReader(strings.NewReader(raw))
	require.NoError(t, err)
	contents = map[string]string{}
	for archive := tar.NewReader(packed); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return headers, contents
		}
		require.NoError(t, err)
		content, err := io.ReadAll(archive)
		require.NoError(t, err)
		headers, contents[header.Name] = append(headers, header), string(content)
	}
}

// writeGoEnv writes a file as go env -w does and lets Go read it. Its flags would change the program, and its folder of
// modules is needed.
func writeGoEnv(t *testing.T) {
	t.Helper()
	modules, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "env")
	content := "GOFLAGS=-tags=of_the_caller\nGOEXPERIMENT=fieldtrack\nGOPROXY=off\nGOMODCACHE=" + string(modules)
	require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
	t.Setenv("GOENV", file)
}

// TestGoEnv shows what of the caller reaches the commands of Go.
func TestGoEnv(t *testing.T) {
	writeGoEnv(t)
	t.Setenv("GOFLAGS", "") // Go reads the file for it
	t.Setenv("GOPROXY", "")
	env, err := readGoEnv(t.Context(), ".")
	require.NoError(t, err)
	require.Subset(t, env, []string{"GOENV=off", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off", "GOPROXY=off"})
	require.NotContains(t, strings.Join(env, " "), "of_the_caller")
}

// TestRelease builds the fixture in two folders for this machine, compares the files, and looks into them. The second
// is a clone without tags, whose caller has set flags by go env -w.
func TestRelease(t *testing.T) {
	if host.os == "windows" || !strings.Contains(allPlatforms, host.String()) {
		host = platform{"linux", "amd64"}
	}
	first := newFixture(t)
	second := filepath.Join(t.TempDir(), "a longer name of the folder")
	git(t, first, "clone", "-q", "--no-tags", first, second)
	var dirs [2]string
	for i, root := range []string{first, second} {
		o := options{root: root, out: filepath.Join(root, "dist"), platforms: []platform{host}}
		t.Setenv("GOFLAGS", "-buildvcs=false")
		if i == 1 {
			o.version = "1.2.3"
			writeGoEnv(t)
			t.Setenv("GOFLAGS", "") // Go reads the file for it
		}
		require.NoError(t, buildRelease(t.Context(), o, io.Discard))
		dirs[i] = filepath.Join(root, "dist", "1.2.3")
	}
	name := "lyceum_1.2.3_" + host.os + "_" + host.arch
	for _, file := range []string{sumsFile, name + ".tar.gz", name + ".cdx.json"} {
		require.True(t, readFile(t, filepath.Join(dirs[0], file)) == readFile(t, filepath.Join(dirs[1], file)), file)
	}

	headers, contents := readTar(t, readFile(t, filepath.Join(dirs[0], name+".tar.gz")))
	var names []string
	for _, h := range headers {
		names = append(names, strings.TrimPrefix(h.Name, name+"/"))
		require.Equal(t, commitTime, h.ModTime.UTC().Format(time.RFC3339))
		require.Equal(t, []any{0, 0, "root", "root"}, []any{h.Uid, h.Gid, h.Uname, h.Gname})
	}
	require.Equal(t, []string{"LICENSE", "README.md", licensesFile, "lyceum"}, names)
	require.Equal(t, "# Fixture\n", contents[name+"/README.md"])
	require.Contains(t, contents[name+"/"+licensesFile], "==== Go "+runtime.Version()+": LICENSE ====")
	require.Contains(t, contents[name+"/"+licensesFile], "==== "+dependency+" v")
	require.Contains(t, contents[name+"/"+licensesFile], "==== app/pages/LICENSE ====\n\nof the pages\n")
	require.NotContains(t, contents[name+"/"+licensesFile], "a license\n")

	binary := filepath.Join(t.TempDir(), "lyceum")
	require.NoError(t, os.WriteFile(binary, []byte(contents[name+"/lyceum"]), 0o755))
	said, err := exec.CommandContext(t.Context(), binary).CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, "1.2.3 0\n", string(said))
	require.NotContains(t, contents[name+"/lyceum"], first, "the folder of the build")
	requireBill(t, readFile(t, filepath.Join(dirs[0], name+".cdx.json")), binary)
	requireSums(t, dirs[0])
}

// requireBill compares a bill of materials with what go version -m says of the binary.
func requireBill(t *testing.T, bill, binary string) {
	t.Helper()
	var bom cdx.BOM
	require.NoError(t, json.Unmarshal([]byte(bill), &bom))
	require.Equal(t, cdx.SpecVersion1_6, bom.SpecVersion)
	require.Equal(t, "1.2.3", bom.Metadata.Component.Version)
	require.Equal(t, commitTime, bom.Metadata.Timestamp)
	sum, err := hashFile(binary)
	require.NoError(t, err)
	require.Equal(t, sum, (*bom.Metadata.Component.Hashes)[0].Value)

	out, err := exec.CommandContext(t.Context(), "go", "version", "-m", binary).Output()
	require.NoError(t, err)
	want := []string{"std " + strings.TrimPrefix(runtime.Version(), "go")}
	require.Regexp(t, `\bmod\s+lyceum\s+v1\.2\.3\b`, string(out))
	require.Contains(t, string(out), "vcs.revision=")
	require.Contains(t, string(out), "vcs.modified=false")
	settings := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		switch fields[0] {
		case "dep":
			want = append(want, fields[1]+" "+fields[2])
		case "build":
			key, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "build")), "=")
			require.Contains(t, *bom.Metadata.Component.Properties, cdx.Property{Name: "go:build:" + key, Value: value})
			settings++
		}
	}
	require.Len(t, *bom.Metadata.Component.Properties, settings)
	var got []string
	for _, c := range *bom.Components {
		got = append(got, c.Name+" "+c.Version)
		require.Equal(t, "pkg:golang/"+c.Name+"@"+c.Version, c.PackageURL)
	}
	require.ElementsMatch(t, want, got)
	require.Len(t, got, 2)
}

// requireSums reads SHA256SUMS as sha256sum does: it has a line for each other file.
func requireSums(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	lines := slices.Collect(strings.Lines(readFile(t, filepath.Join(dir, sumsFile))))
	require.Len(t, lines, len(files)-1)
	for _, line := range lines {
		want, file, isSum := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		require.True(t, isSum, line)
		sum, err := hashFile(filepath.Join(dir, file))
		require.NoError(t, err)
		require.Equal(t, want, sum, file)
	}
}

// TestSource shows where version and time come from, and that what is not committed is not released.
func TestSource(t *testing.T) {
	root := newFixture(t)
	src, err := readSource(t.Context(), options{root: root})
	require.NoError(t, err)
	require.Equal(t, "1.2.3", src.version)
	require.Equal(t, commitTime, src.time.Format(time.RFC3339))

	git(t, root, "tag", "v1.2.3-rc.1")
	src, err = readSource(t.Context(), options{root: root})
	require.NoError(t, err)
	require.Equal(t, "1.2.3", src.version, "a release is above its candidates")

	git(t, root, "tag", "-d", "v1.2.3", "v1.2.3-rc.1")
	git(t, root, "tag", "nightly")
	src, err = readSource(t.Context(), options{root: root})
	require.NoError(t, err)
	require.Equal(t, "0.0.0-20260304050607-"+src.commit[:12], src.version)

	require.NoError(t, os.WriteFile(filepath.Join(root, "README.md"), []byte("changed"), 0o644))
	_, err = readSource(t.Context(), options{root: root, version: "1.2.3"})
	require.ErrorContains(t, err, "README.md")
	src, err = readSource(t.Context(), options{root: root, allowDirty: true})
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(src.version, "+dirty"), src.version)
	require.Regexp(t, semanticVersion, src.version)

	t.Setenv("SOURCE_DATE_EPOCH", "86400")
	src, err = readSource(t.Context(), options{root: root, allowDirty: true})
	require.NoError(t, err)
	require.Equal(t, "1970-01-02T00:00:00Z", src.time.Format(time.RFC3339))
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	_, err = readSource(t.Context(), options{root: root, allowDirty: true})
	require.ErrorContains(t, err, "SOURCE_DATE_EPOCH")
}

// TestZip shows that the archives for Windows are read by a zip program, with the same times everywhere.
func TestZip(t *testing.T) {
	at, err := time.Parse(time.RFC3339, commitTime)
	require.NoError(t, err)
	entries := []entry{{"LICENSE", 0o644, []byte("a license")}, {"lyceum.exe", 0o755, []byte("a program")}}
	var first, second bytes.Buffer
	require.NoError(t, writeZip(&first, "lyceum_1", entries, at))
	require.NoError(t, writeZip(&second, "lyceum_1", entries, at.In(time.FixedZone("elsewhere", 7200))))
	require.Equal(t, first.Bytes(), second.Bytes())
	archive, err := zip.NewReader(bytes.NewReader(first.Bytes()), int64(first.Len()))
	require.NoError(t, err)
	require.Len(t, archive.File, 2)
	require.Equal(t, "lyceum_1/lyceum.exe", archive.File[1].Name)
	require.EqualValues(t, 0o755, archive.File[1].Mode())
	require.Equal(t, commitTime, archive.File[1].Modified.UTC().Format(time.RFC3339))
}

func TestArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-version", "v1.2.3"}, {"-version", "../1.2.3"}, {"-platforms", "linux"}, {"-platforms", "plan9/amd64"},
		{"-platforms", ""}, {"-x"}, {"1.2.3"},
	} {
		var out bytes.Buffer
		require.Equal(t, 2, run(t.Context(), args, io.Discard, &out), args)
		require.NotEmpty(t, out.String(), args)
	}
	o, err := parseOptions(nil, io.Discard)
	require.NoError(t, err)
	require.Len(t, o.platforms, 6)
	o, err = parseOptions([]string{"-platforms", "linux/amd64, windows/arm64", "-version", "1.2.3-rc.1"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, []platform{{"linux", "amd64"}, {"windows", "arm64"}}, o.platforms)
}
