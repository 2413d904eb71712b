package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCourseRowAsJSON(t *testing.T) {
	published := int64(1500)
	c := courseRow{
		id: "1", slug: "go", title: "Go", summary: "All of it", visibility: "public", status: "published", tags: `["a","b"]`,
		ownerID: "2", ownerName: "Lea", lessonCount: 4, created: 0, updated: 1001, published: &published,
	}
	plain := `{"id":"1","slug":"go","title":"Go","summary":"All of it","visibility":"public","status":"published",
		"tags":["a","b"],"owner":{"id":"2","display_name":"Lea"},"lesson_count":4,
		"created_at":"1970-01-01T00:00:00.000Z","updated_at":"1970-01-01T00:00:01.001Z",
		"published_at":"1970-01-01T00:00:01.500Z"`
	require.JSONEq(t, plain+"}", string(c.appendFields(nil))+"}")
	require.Len(t, c.targets(false), 13)
	require.Len(t, c.targets(true), 15)

	c.percentSum, c.completed = 130, 1
	require.JSONEq(t, plain+`,"progress":{"percent":32,"completed_lessons":1}}`, string(c.appendFields(nil))+"}")
	c.published, c.lessonCount = nil, 0
	require.NotContains(t, string(c.appendFields(nil)), "published_at")
}

func TestLessonRowAsJSON(t *testing.T) {
	key := "a.mp4"
	l := lessonRow{id: "1", title: "One", position: 2, duration: 30, created: 1000, updated: 2000}
	require.JSONEq(t, `{"id":"1","title":"One","position":2,"duration_seconds":30,
		"created_at":"1970-01-01T00:00:01.000Z","updated_at":"1970-01-01T00:00:02.000Z"}`, string(l.appendJSON(nil)))
	l.assetKey = &key
	require.Contains(t, string(l.appendJSON(nil)), `,"asset_key":"a.mp4",`)
}

func TestETagOfAVersion(t *testing.T) {
	require.Equal(t, `"12"`, string(appendETag(nil, 12)))
}
