//go:build !linux

package main

import "os/exec"

// tieToProcess does nothing: other systems have no signal for the end of the parent.
func tieToProcess(*exec.Cmd) {}
