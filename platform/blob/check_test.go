package blob_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lyceum/platform/blob"
)

const id = "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"

func TestIsID(t *testing.T) {
	require.True(t, blob.IsID(id))
	require.NoError(t, blob.CheckID(id))
	for _, other := range []string{
		"", ".", "../secret", strings.ToUpper(id), id + "/", id[:35], strings.Replace(id, "-", "/", 1),
		strings.Repeat("0", 36),
	} {
		require.False(t, blob.IsID(other), other)
		require.Error(t, blob.CheckID(other), other)
	}
}

func TestCheckPut(t *testing.T) {
	sound := blob.PutRequest{ContentType: "text/plain", Size: 1, SHA256Hex: strings.Repeat("ab", 32), Expires: time.Minute}
	require.NoError(t, sound.Validate(id))
	require.Error(t, sound.Validate("x"))
	for name, change := range map[string]func(p *blob.PutRequest){
		"a negative size":      func(p *blob.PutRequest) { p.Size = -1 },
		"no type":              func(p *blob.PutRequest) { p.ContentType = "" },
		"a type of two lines":  func(p *blob.PutRequest) { p.ContentType = "a/b\r\nX: y" },
		"half a checksum":      func(p *blob.PutRequest) { p.SHA256Hex = "abcd" },
		"a life of no time":    func(p *blob.PutRequest) { p.Expires = 0 },
		"a life of eight days": func(p *blob.PutRequest) { p.Expires = 8 * 24 * time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			p := sound
			change(&p)
			require.Error(t, p.Validate(id))
		})
	}
}

func TestCheckGet(t *testing.T) {
	require.NoError(t, blob.GetRequest{Filename: "any\nname", Expires: time.Second}.Validate(id))
	require.Error(t, blob.GetRequest{ContentType: "a\nb", Expires: time.Second}.Validate(id))
	require.Error(t, blob.GetRequest{Expires: time.Millisecond}.Validate(id))
	require.Error(t, blob.GetRequest{Expires: time.Second}.Validate("x"))
}
