package notifications

import "embed"

// consoleFiles are the files of the module's panel in the console.
//
//go:embed console
var consoleFiles embed.FS
