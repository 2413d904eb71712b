//go:build !unix

package private

// SetPrivateUmask makes files private by default where the system has such a default; this one has
// none.
func SetPrivateUmask() {}
