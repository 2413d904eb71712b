package course

import "lyceum/platform/clock"

// Progress is how far a learner is in a course: sums over the lessons, stored in course_progress. All
// fields are nil for an account that has not begun the course.
type Progress struct {
	// PercentSum is the sum of the lessons' percentages.
	PercentSum       *int
	CompletedLessons *int
	// CompletedAt is when the learner had completed every lesson for the first time.
	CompletedAt    *clock.Time
	LastActivityAt *clock.Time
}

// Percent returns how far the learner is in a course of so many lessons. See MeanPercent.
func (p Progress) Percent(lessons int) int {
	if p.PercentSum == nil {
		return 0
	}
	return MeanPercent(*p.PercentSum, lessons)
}

// MeanPercent returns the floor of the lessons' mean: 100 only if all are complete, 0 without
// lessons.
func MeanPercent(sum, lessons int) int {
	if lessons == 0 {
		return 0
	}
	return min(sum/lessons, 100)
}

// ListedCourse is a course of a list, with the progress of the account for which it was read.
type ListedCourse struct {
	Course   Course   `gorm:"embedded"`
	Progress Progress `gorm:"embedded"`
}

// PagePosition is where a page of a list of courses or learners ends. Lists use the fields by which
// they are sorted.
type PagePosition struct {
	At    clock.Time
	Title string
	ID    string
}
