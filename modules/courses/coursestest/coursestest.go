// Package coursestest has a coursesapi.Reader for the tests of modules that ask module courses.
package coursestest

import (
	"context"

	"lyceum/modules/courses/coursesapi"
	"lyceum/platform/identity"
)

// Reader is a coursesapi.Reader that answers as its functions do. Without a function it knows no course,
// lets nobody read, and has no learners.
type Reader struct {
	FindFunc            func(id string) (coursesapi.Course, bool)
	CanReadFunc         func(caller identity.Caller, id string) bool
	EnrolledFunc        func(userID, id string) bool
	EnrolledCoursesFunc func(userID string) []string
	LearnersFunc        func(id string) []string
	// Err, if set, is the error of every answer.
	Err error
}

var _ coursesapi.Reader = (*Reader)(nil)

// Find implements coursesapi.Reader.
func (r *Reader) Find(_ context.Context, id string) (c coursesapi.Course, ok bool, err error) {
	if r.FindFunc != nil {
		c, ok = r.FindFunc(id)
	}
	return c, ok, r.Err
}

// CanRead implements coursesapi.Reader.
func (r *Reader) CanRead(_ context.Context, caller identity.Caller, id string) (bool, error) {
	return r.CanReadFunc != nil && r.CanReadFunc(caller, id), r.Err
}

// Enrolled implements coursesapi.Reader.
func (r *Reader) Enrolled(_ context.Context, userID, id string) (bool, error) {
	return r.EnrolledFunc != nil && r.EnrolledFunc(userID, id), r.Err
}

// EnrolledCourses implements coursesapi.Reader.
func (r *Reader) EnrolledCourses(_ context.Context, userID string) (courseIDs []string, err error) {
	if r.EnrolledCoursesFunc != nil {
		courseIDs = r.EnrolledCoursesFunc(userID)
	}
	return courseIDs, r.Err
}

// Learners implements coursesapi.Reader.
func (r *Reader) Learners(_ context.Context, id string) (userIDs []string, err error) {
	if r.LearnersFunc != nil {
		userIDs = r.LearnersFunc(id)
	}
	return userIDs, r.Err
}
