package learning

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/course"
	"lyceum/platform/clock"
)

func TestReportApply(t *testing.T) {
	done, seven := clock.FromMillis(1000), 7
	for name, c := range map[string]struct {
		before  lessonProgress
		report  report
		want    lessonProgress
		changes bool
	}{
		"percent rises": {
			lessonProgress{Percent: 10}, report{Percent: 20}, lessonProgress{Percent: 20}, true,
		},
		"percent never falls": {
			lessonProgress{Percent: 20}, report{Percent: 10}, lessonProgress{Percent: 20}, false,
		},
		"the same again": {
			lessonProgress{Percent: 20, PositionSeconds: 7}, report{Percent: 20, PositionSeconds: &seven},
			lessonProgress{Percent: 20, PositionSeconds: 7}, false,
		},
		"position alone": {
			lessonProgress{Percent: 20, PositionSeconds: 9}, report{PositionSeconds: &seven},
			lessonProgress{Percent: 20, PositionSeconds: 7}, true,
		},
		"no position keeps it": {
			lessonProgress{Percent: 20, PositionSeconds: 9}, report{Percent: 30},
			lessonProgress{Percent: 30, PositionSeconds: 9}, true,
		},
		"a reset lets percent fall": {
			lessonProgress{Percent: 100, CompletedAt: &done}, report{Percent: 10, IsReset: true},
			lessonProgress{Percent: 10}, true,
		},
		"a reset to 100 keeps the completion": {
			lessonProgress{Percent: 100, CompletedAt: &done}, report{Percent: 100, IsReset: true},
			lessonProgress{Percent: 100, CompletedAt: &done}, false,
		},
		"completion stays": {
			lessonProgress{Percent: 100, CompletedAt: &done}, report{Percent: 50},
			lessonProgress{Percent: 100, CompletedAt: &done}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, c.report.apply(c.before))
			require.Equal(t, c.changes, c.report.changes(&c.before))
		})
	}
}

func TestNewProgressView(t *testing.T) {
	sum, lessons := 250, 2
	for name, c := range map[string]struct {
		progress course.Progress
		lessons  int
		want     ProgressView
	}{
		"not begun": {course.Progress{}, 3, ProgressView{TotalLessons: 3}},
		"begun": {
			course.Progress{PercentSum: &sum, CompletedLessons: &lessons}, 3,
			ProgressView{Percent: 83, CompletedLessons: 2, TotalLessons: 3},
		},
		"no lessons": {course.Progress{PercentSum: &sum, CompletedLessons: &lessons}, 0, ProgressView{CompletedLessons: 2}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, NewProgressView(c.progress, c.lessons)) })
	}
}
