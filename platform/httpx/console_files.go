package httpx

import (
	"encoding/json"
	"io/fs"
	"path"
	"strings"
)

// modulesFolder is the folder of the console below which each module has its own.
const modulesFolder = "modules/"

// consoleFiles are the files below /console/: those of the console itself, and below modules/<name>/ those of the
// panels of enabled modules.
type consoleFiles struct {
	core   fs.FS
	panels map[string]fs.FS
}

func newConsoleFiles(core fs.FS, modules []ModuleInfo) consoleFiles {
	files := consoleFiles{core, map[string]fs.FS{}}
	for _, m := range modules {
		if m.Console != nil {
			files.panels[m.Name] = m.Console
		}
	}
	return files
}

// Open implements fs.FS.
func (c consoleFiles) Open(name string) (fs.File, error) {
	rest, isPanel := strings.CutPrefix(name, modulesFolder)
	if !isPanel {
		return c.core.Open(name)
	}
	module, file, _ := strings.Cut(rest, "/")
	panel, ok := c.panels[module]
	if !ok || !fs.ValidPath(file) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return panel.Open(path.Join("console", file))
}

// listPanels returns the scripts of the panels of enabled modules as JSON, for the console, which loads them.
func listPanels(modules []ModuleInfo) []byte {
	scripts := []string{}
	for _, m := range modules {
		if m.Console != nil {
			scripts = append(scripts, "/console/"+modulesFolder+m.Name+"/panel.js")
		}
	}
	raw, err := json.Marshal(map[string][]string{"items": scripts})
	if err != nil {
		panic(err) // a list of strings
	}
	return raw
}
