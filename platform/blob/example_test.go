package blob_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"lyceum/platform/blob"
	"lyceum/platform/blob/folder"
)

func Example() {
	dir, err := os.MkdirTemp("", "objects")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	secret := []byte(strings.Repeat("s", 32))
	now := func() time.Time { return time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC) }
	var store blob.Store
	if store, err = folder.Open(dir, "https://lyceum.example", secret, now); err != nil {
		fmt.Println(err)
		return
	}

	ctx, id := context.Background(), "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
	err = store.Put(ctx, id, strings.NewReader("# Monday"), 8, "text/markdown")
	fmt.Println("put:", err)

	signed, err := store.PresignGet(ctx, id, blob.GetRequest{Filename: "day 1.md", Expires: time.Hour})
	link, _, _ := strings.Cut(signed.URL, "?")
	fmt.Println("link:", signed.Method, link, signed.ExpiresAt.Format(time.TimeOnly), err)

	content, err := store.Open(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer content.Close()
	text, err := io.ReadAll(content)
	fmt.Println("content:", string(text), err)
	// Output:
	// put: <nil>
	// link: GET https://lyceum.example/objects/0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b 09:00:00 <nil>
	// content: # Monday <nil>
}

func ExampleContentDisposition() {
	fmt.Println(blob.ContentDisposition("image/png", "", "Prüfung 1.png"))
	fmt.Println(blob.ContentDisposition("text/html", "inline", "../page.html"))
	// Output:
	// inline; filename="Pr_fung 1.png"; filename*=UTF-8''Pr%C3%BCfung%201.png
	// attachment; filename="_page.html"
}
