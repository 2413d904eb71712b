// Command release builds what a version of Lyceum is published as, into dist/VERSION:
//
//	go tool task release                                       # the version is the tag of the commit
//	go run ./tools/release -version 1.2.0-rc.1
//	go run ./tools/release -platforms linux/amd64 -dirty       # a quick try of one platform
//
// For each platform it writes an archive with the program, its license and README and the licenses of its
// dependencies, and a bill of materials (CycloneDX). SHA256SUMS has the checksum of each file.
//
// The same commit, version and Go release give the same bytes, on every machine and in every folder: times are that
// of the commit (or SOURCE_DATE_EPOCH), the compiler gets a clone of the commit with the tag of the version alone, and
// neither the environment of the caller nor what go env -w has written changes its flags.
//
// It exits with 1 if the release could not be built, such as from a tree with changes that are not committed, and with
// 2 for wrong arguments.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// allPlatforms are the systems and processors that a release is built for.
const allPlatforms = "darwin/amd64,darwin/arm64,linux/amd64,linux/arm64,windows/amd64,windows/arm64"

// options are what the caller asks for.
type options struct {
	// root is the folder of the repository.
	root string
	// out is the folder in which a folder of the version is made.
	out string
	// version is without a leading v. Empty means that the tag of the commit says it.
	version   string
	platforms []platform
	// allowDirty says that changes that are not committed may be built.
	allowDirty bool
}

// platform is a system and a processor, as Go names them.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "/" + p.arch }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run builds the release that the arguments ask for and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return 2
	}
	if err := buildRelease(ctx, o, stdout); err != nil {
		fmt.Fprintln(stderr, "release:", err)
		return 1
	}
	return 0
}

// semanticVersion is the form of versions (semver.org).
var semanticVersion = regexp.MustCompile(`^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// parseOptions reads the arguments. It tells stderr what is wrong with them.
func parseOptions(args []string, stderr io.Writer) (options, error) {
	o := options{root: "."}
	flags := flag.NewFlagSet("release", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.version, "version", "", "the version; without it, the tag vVERSION of the commit")
	flags.StringVar(&o.out, "out", "dist", "folder of the releases")
	flags.BoolVar(&o.allowDirty, "dirty", false, "build changes that are not committed, too")
	list := flags.String("platforms", allPlatforms, "what to build for, separated by commas")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	fail := func(err error) (options, error) {
		fmt.Fprintln(stderr, "release:", err)
		return o, err
	}
	if flags.NArg() > 0 {
		return fail(fmt.Errorf("%q: only flags are accepted", flags.Args()))
	}
	if o.version != "" && !semanticVersion.MatchString(o.version) {
		return fail(fmt.Errorf("-version %q: accepted are versions such as 1.2.0 and 1.2.0-rc.1", o.version))
	}
	for name := range strings.SplitSeq(*list, ",") {
		p, isPlatform := parsePlatform(strings.TrimSpace(name))
		if !isPlatform {
			return fail(fmt.Errorf("-platforms %q: accepted are %s", name, allPlatforms))
		}
		o.platforms = append(o.platforms, p)
	}
	return o, nil
}

// parsePlatform returns the platform of a name such as linux/amd64, and whether releases are built for it.
func parsePlatform(name string) (platform, bool) {
	system, arch, _ := strings.Cut(name, "/")
	isKnown := name != "" && strings.Contains(","+allPlatforms+",", ","+name+",")
	return platform{system, arch}, isKnown
}

// buildRelease builds all files of a release and tells out what it has written.
func buildRelease(ctx context.Context, o options, out io.Writer) error {
	src, err := readSource(ctx, o)
	if err != nil {
		return err
	}
	dir := filepath.Join(o.out, src.version)
	// What an earlier run has left of this version must not get into SHA256SUMS.
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "lyceum-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if src.goEnv, err = readGoEnv(ctx, src.root); err != nil {
		return err
	}
	// What is not committed can only be built where it is. It is no release, and its bytes depend on the tags there.
	if !src.isDirty {
		if src, err = cloneCommit(ctx, src, filepath.Join(work, "source")); err != nil {
			return err
		}
	}
	for _, p := range o.platforms {
		if err := buildPlatform(ctx, src, p, work, dir); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		fmt.Fprintf(out, "built %s for %s\n", src.version, p)
	}
	if err := writeSums(dir); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s has the archives and SHA256SUMS\n", dir)
	return nil
}

// buildPlatform writes the archive and the bill of materials for a platform into dir. work is a folder for what is made
// on the way.
func buildPlatform(ctx context.Context, src source, p platform, work, dir string) error {
	binary := filepath.Join(work, strings.ReplaceAll(p.String(), "/", "_"))
	if err := compile(ctx, src, p, binary); err != nil {
		return err
	}
	entries, err := listEntries(ctx, src, p, binary)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s_%s_%s_%s", programName, src.version, p.os, p.arch)
	if err := writeArchive(dir, name, p, entries, src.time); err != nil {
		return err
	}
	bill, err := describeBinary(binary, src)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".cdx.json"), bill, 0o644)
}
