// Package catalog is what callers read of courses: lists, details and lessons. It also answers which
// files courses and lessons use.
//
//	list.go     lists of courses, their filter and their order
//	details.go  a course with its outline
//	lessons.go  lessons of a course
//	assets.go   who may read a file because of a course, and what uses a file
//
// Lists and details are most of the requests. Their views append their JSON themselves, and they take
// one query a page and three queries a course.
package catalog
