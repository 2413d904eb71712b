package archive

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"

	"lyceum/modules/courses/internal/catalog"
	"lyceum/platform/clock"
	"lyceum/platform/ids"
)

// What the answer to an import appends is what the library makes of its type.
func TestImportedViewAppendJSON(t *testing.T) {
	at := clock.FromMillis(1)
	course := catalog.CourseView{
		ID: ids.New(), Title: `"quoted" <title>`, Tags: `["a"]`, CreatedAt: at, UpdatedAt: at, PublishedAt: &at,
	}
	lesson := catalog.OutlineView{ID: ids.New(), Captions: "[]", PrerequisiteIDs: []string{"a"}, LockedBy: []string{}}
	for name, warnings := range map[string][]string{"none": {}, "some": {`"a" was left out`, "<b>\n日本"}} {
		t.Run(name, func(t *testing.T) {
			v := importedView{course, "text", []catalog.OutlineView{lesson}, warnings}
			want, err := json.Marshal(v, json.Deterministic(true))
			require.NoError(t, err)
			require.Equal(t, string(want), string(v.AppendJSON(nil)))
		})
	}
}
