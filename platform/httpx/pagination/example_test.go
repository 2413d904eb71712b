package pagination_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"lyceum/platform/clock"
	"lyceum/platform/httpx/pagination"
	"lyceum/platform/keyring"
	"lyceum/platform/keyset"
)

type note struct {
	ID, Text  string
	CreatedAt clock.Time
}

type noteView struct {
	Text string `json:"text"`
}

type listInput struct {
	pagination.Query
	Tag string `query:"tag"`
}

type handlers struct {
	cursors *pagination.Cursors
	find    func(ctx context.Context, tag string, after *keyset.Position, limit int) ([]note, error)
}

// list is what a list handler of a module looks like.
func (h *handlers) list(ctx context.Context, in *listInput) (*pagination.Response[noteView], error) {
	return pagination.List(ctx, h.cursors.NewRequest("notes", in.Tag, in.Query),
		func(after *keyset.Position, limit int) ([]note, error) { return h.find(ctx, in.Tag, after, limit) },
		pagination.ViewEach(func(n *note) noteView { return noteView{n.Text} }),
		func(n *note) keyset.Position { return keyset.Position{CreatedAt: n.CreatedAt, ID: n.ID} })
}

func ExampleList() {
	folder, err := os.MkdirTemp("", "keys")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	keys, err := keyring.Open(folder, time.Hour)
	if err != nil {
		panic(err)
	}
	notes := []note{{ID: "1", Text: "first"}, {ID: "2", Text: "second"}, {ID: "3", Text: "third"}}
	h := &handlers{
		pagination.NewCursors(keys),
		func(_ context.Context, _ string, after *keyset.Position, limit int) ([]note, error) {
			rest := notes
			for after != nil && len(rest) > 0 && rest[0].ID <= after.ID {
				rest = rest[1:]
			}
			return rest[:min(limit, len(rest))], nil
		},
	}
	in := &listInput{Query: pagination.Query{Limit: 2}}
	for {
		page, err := h.list(context.Background(), in)
		if err != nil {
			panic(err)
		}
		fmt.Println(page.Body.Items)
		if page.Body.NextCursor == nil {
			return
		}
		in.Cursor = *page.Body.NextCursor
	}
	// Output:
	// [{first} {second}]
	// [{third}]
}
