// Package httpx is Lyceum's HTTP server: Fiber carries it, Huma types and documents it. Modules declare their routes as
// a Table; the server binds them, checks who calls, and keeps the conventions that all answers share.
package httpx
