package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

// licensesFile is the file of an archive with the licenses of what the program is linked from. Most of them ask for it.
const licensesFile = "THIRD_PARTY_LICENSES.txt"

// licenseName matches the names of files with a license or a notice.
var licenseName = regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice)([.-].*)?$`)

// collectLicenses returns the licenses of Go, of all modules that a binary is linked from, in their order, and of files
// of others in the repository. It returns an error if a module has none: it may not be passed on then.
func collectLicenses(ctx context.Context, src source, binary string) ([]byte, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	goRoot, err := runIn(ctx, src.root, src.goEnv, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	var all bytes.Buffer
	if err := appendLicenses(&all, "Go "+info.GoVersion, strings.TrimSpace(string(goRoot))); err != nil {
		return nil, err
	}
	folders, err := findModules(ctx, src, info.Deps)
	if err != nil {
		return nil, err
	}
	for _, module := range info.Deps {
		m := replaced(module)
		if err := appendLicenses(&all, m.Path+" "+m.Version, folders[m.Path+"@"+m.Version]); err != nil {
			return nil, err
		}
	}
	if err := appendBundled(ctx, &all, src.root); err != nil {
		return nil, err
	}
	return all.Bytes(), nil
}

// appendBundled appends the licenses of what the repository has taken from others and the program contains, such as the
// pages of the API documentation. They are in the folders of these files.
func appendBundled(ctx context.Context, all *bytes.Buffer, root string) error {
	files, err := runGit(ctx, root, "ls-files", "-z", "*/LICENSE*", "*/NOTICE*", "*.LICENSE.txt")
	if err != nil {
		return err
	}
	for file := range strings.SplitSeq(strings.Trim(files, "\x00"), "\x00") {
		if file == "" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return err
		}
		appendText(all, file, text)
	}
	return nil
}

// appendText appends a license under a heading.
func appendText(all *bytes.Buffer, heading string, text []byte) {
	fmt.Fprintf(all, "==== %s ====\n\n%s\n\n", heading, bytes.TrimSpace(text))
}

// replaced returns the module that is linked in the place of m.
func replaced(m *debug.Module) *debug.Module {
	if m.Replace != nil {
		return m.Replace
	}
	return m
}

// findModules returns the folders of the modules by path@version. Those that are missing are downloaded.
func findModules(ctx context.Context, src source, modules []*debug.Module) (map[string]string, error) {
	folders := map[string]string{}
	if len(modules) == 0 {
		return folders, nil
	}
	args := []string{"mod", "download", "-json"}
	for _, m := range modules {
		args = append(args, replaced(m).Path+"@"+replaced(m).Version)
	}
	out, err := runIn(ctx, src.root, src.goEnv, "go", args...)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var m struct{ Path, Version, Dir string }
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			return folders, nil
		}
		if err != nil {
			return nil, err
		}
		folders[m.Path+"@"+m.Version] = m.Dir
	}
}

// appendLicenses appends the licenses in a folder under a heading. It returns an error if there is none.
func appendLicenses(all *bytes.Buffer, heading, folder string) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	found := false
	for _, file := range files {
		if file.IsDir() || !licenseName.MatchString(file.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			return err
		}
		appendText(all, heading+": "+file.Name(), text)
		found = true
	}
	if !found {
		return fmt.Errorf("%s has no license in %s", heading, folder)
	}
	return nil
}
