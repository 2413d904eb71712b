// Package catalog is what callers read of courses: lists, details and lessons. It also answers which
// files courses and lessons use.
//
//	list.go     lists of courses, their filter and their order
//	details.go  a course with its outline
//	lessons.go  lessons of a course
//	assets.go   who may read a file because of a course, and what uses a file
//	pages.go, key_places.go   what lists and files need not ask the database for
//
// Lists and details are most of the requests. Their views append their JSON themselves. What is the same
// for all of a role comes from memory (see package outline), so that visitors cost no query, and learners
// one for a page or a course.
package catalog
