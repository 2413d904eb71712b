// Package archive exports a course as a zip file and imports one.
//
//	manifest.go  course.json, and the bounds of an archive
//	export.go    a course becomes an archive
//	import.go    an archive becomes a course: check, render and stage first, then one transaction
//	read.go      course.json is checked against the rules of the API and the entries of the archive
//	draft.go     course and lessons are made from course.json
//	texts.go     texts of lessons wait on the disk, not in memory
//	entries.go   entries of a zip file that nobody trusts
//
// docs/archives.md describes the format, its limits and what is refused.
package archive
