package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// source is what a release is built from.
type source struct {
	// root is the folder of the repository.
	root    string
	version string
	// commit is the hash of the commit.
	commit string
	// time is the time of every file in the release, in UTC and whole seconds: that of the commit, or SOURCE_DATE_EPOCH.
	time time.Time
}

// readSource returns what the options and the repository say about the release. It returns an error if files are
// changed and not committed, unless the options allow it.
func readSource(ctx context.Context, o options) (source, error) {
	src := source{root: o.root, version: o.version}
	changes, err := runGit(ctx, o.root, "status", "--porcelain")
	if err != nil {
		return src, err
	}
	if changes != "" && !o.allowDirty {
		return src, fmt.Errorf("these files are not committed; commit them, or try them with -dirty:\n%s", changes)
	}
	if src.commit, err = runGit(ctx, o.root, "rev-parse", "HEAD"); err != nil {
		return src, err
	}
	if src.time, err = readTime(ctx, o.root); err != nil {
		return src, err
	}
	if src.version == "" {
		src.version, err = versionOf(ctx, src, changes != "")
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
func versionOf(ctx context.Context, src source, isDirty bool) (string, error) {
	tags, err := runGit(ctx, src.root, "tag", "--points-at", "HEAD", "--sort=-version:refname")
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
	if isDirty {
		version += "+dirty"
	}
	return version, nil
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
