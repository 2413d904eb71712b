package yardstick

import (
	"strings"
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

func TestAppendFrame(t *testing.T) {
	for _, length := range []int{0, 1, 125, 126, 127, 300, 65_535} {
		text := []byte(strings.Repeat("x", length))
		head := appendFrame(nil, text)
		require.Equal(t, string(text), string(head[len(head)-length:]))
		require.EqualValues(t, 0x81, head[0])
		if length < 126 {
			require.EqualValues(t, length, head[1])
		} else {
			require.Equal(t, []byte{126, byte(length >> 8), byte(length)}, head[1:4])
		}
	}
}

func TestSettingsAreVariables(t *testing.T) {
	s := Settings{Addr: "127.0.0.1:1", MaxConns: "8", Bucket: "b"}
	require.Len(t, s.Environ(), 8)
	require.Subset(t, s.Environ(), []string{"YARDSTICK_ADDR=127.0.0.1:1", "YARDSTICK_MAX_CONNS=8", "YARDSTICK_S3_BUCKET=b"})
}

func TestAppendMetrics(t *testing.T) {
	require.Regexp(t, "^"+AllocsMetric+` [1-9]\d*\n$`, string(appendMetrics(nil)))
}
