// Package public holds the browser's side of Lyceum: the console, the API documentation and the
// development mailbox. There is no build step; what is in this folder is what the browser gets.
package public

import (
	"embed"
	"io/fs"
)

//go:embed index.html mailbox.html console docs
var files embed.FS

// Console holds what is served under /console/.
func Console() fs.FS { return sub("console") }

// Docs holds what is served under /docs/.
func Docs() fs.FS { return sub("docs") }

// Index is the console's page: the answer to /, /join, /verify and /reset.
func Index() []byte { return read("index.html") }

// DocsIndex is the page of the interactive API documentation: the answer to /docs.
func DocsIndex() []byte { return read("docs/index.html") }

// Mailbox is the page of the development mailbox: the answer to /dev/mailbox.
func Mailbox() []byte { return read("mailbox.html") }

// sub and read name folders and files that the embed directive has checked, so they can't fail.
func sub(dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err)
	}
	return sub
}

func read(name string) []byte {
	data, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return data
}
