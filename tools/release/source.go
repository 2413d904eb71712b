package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// source is what a release is built from.
type source struct {
	// root is the folder of the files: the repository, or a clone of its commit.
	root    string
	version string
	// isDirty says that files of root are changed and not committed.
	isDirty bool
	// commit is the hash of the commit.
	commit string
	// time is the time of every file in the release, in UTC and whole seconds: that of the commit, or SOURCE_DATE_EPOCH.
	time time.Time
	// goEnv are the variables for the commands of Go, see readGoEnv.
	goEnv []string
}

// readSource returns what the options and the repository say about the release. It returns an error if files are
// changed and not committed, unless the options allow it.
func readSource(ctx context.Context, o options) (source, error) {
	src := source{root: o.root, version: o.version}
	changes, err := runGit(ctx, o.root, "status", "--porcelain")
	if err != nil {
		return src, err
	}
	src.isDirty = changes != ""
	if src.isDirty && !o.allowDirty {
		return src, fmt.Errorf("these files are not committed; commit them, or try them with -dirty:\n%s", changes)
	}
	if src.commit, err = runGit(ctx, o.root, "rev-parse", "HEAD"); err != nil {
		return src, err
	}
	if src.time, err = readTime(ctx, o.root); err != nil {
		return src, err
	}
	if src.version == "" {
		src.version, err = versionOf(ctx, src)
	}
	return src, err
}

// readTime returns SOURCE_DATE_EPOCH if it is set (reproducible-builds.org), else the time of the commit.
func readTime(ctx context.Context, root string) (time.Time, error) {
	seconds, isSet := os.LookupEnv("SOURCE_DATE_EPOCH")
	if !isSet {
		var err error
		if seconds, err = runGit(ctx, root, "log", "-1", "--format=%ct"); err != nil {
			return time.Time{}, err
		}
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH %q: accepted are whole seconds since 1970", seconds)
	}
	return time.Unix(n, 0).UTC(), nil
}

// versionOf returns the version that the tag of the commit says, such as 1.2.0 of v1.2.0. A commit without such a tag
// has a version below all releases that names its time and hash, as Go writes it. What is not committed shows in the
// version, too.
func versionOf(ctx context.Context, src source) (string, error) {
	// Without the suffix Git sorts 1.2.0-rc.1 above 1.2.0.
	tags, err := runGit(ctx, src.root, "-c", "versionsort.suffix=-", "tag", "--points-at", "HEAD",
		"--sort=-version:refname")
	if err != nil {
		return "", err
	}
	version := "0.0.0-" + src.time.Format("20060102150405") + "-" + src.commit[:12]
	for tag := range strings.FieldsSeq(tags) {
		tagged, hasPrefix := strings.CutPrefix(tag, "v")
		if hasPrefix && semanticVersion.MatchString(tagged) {
			version = tagged
			break
		}
	}
	if src.isDirty {
		version += "+dirty"
	}
	return version, nil
}

// cloneCommit clones the commit into a folder and returns the source with the clone as its root. Go writes the nearest
// tag of the repository into the program, so the clone has one tag, that of the version: which tags the caller has
// fetched does not matter. From 2.0.0 on Go writes time and hash instead, as the module's path has no /v2. The clone
// has no files that Git ignores and no line ends that Git has changed, either.
func cloneCommit(ctx context.Context, src source, folder string) (source, error) {
	root, err := filepath.Abs(src.root)
	if err != nil {
		return src, err
	}
	for _, args := range [][]string{
		{"clone", "--quiet", "--shared", "--no-tags", "--no-checkout", "--config", "core.autocrlf=false", root, folder},
		{"-C", folder, "checkout", "--quiet", "--detach", src.commit},
		{"-C", folder, "update-ref", "refs/tags/v" + src.version, src.commit},
	} {
		if _, err := runGit(ctx, root, args...); err != nil {
			return src, err
		}
	}
	src.root = folder
	return src, nil
}

// runGit returns what a command of Git prints, without the white space around it.
func runGit(ctx context.Context, root string, args ...string) (string, error) {
	out, err := runIn(ctx, root, nil, "git", args...)
	return strings.TrimSpace(string(out)), err
}

// runIn runs a command in a folder, with more variables than the caller's environment has, and returns what it prints.
// The error has what the command says about a fault.
func runIn(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	var fault bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stderr = dir, &fault
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w", name, args[0], errors.Join(err, errors.New(strings.TrimSpace(fault.String()))))
	}
	return out, err
}
