// Package doctor examines an installation: its configuration, the services that it uses, its keys and what waits in its
// queues. Each finding says what was found and, if it is not well, what to do about it.
//
// An examination changes no data, apart from one small object that it writes and deletes. It needs no service: one that
// is away is a finding, and the checks that depend on it are left out.
package doctor
