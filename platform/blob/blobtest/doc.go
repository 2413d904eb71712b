// Package blobtest has the tests that every implementation of blob.Store passes, and a small client that
// follows signed URLs as browsers do:
//
//	func TestConformance(t *testing.T) { blobtest.Run(t, newStore(t)) }
//
// Its own tests run the suite against stores with planted faults and expect it to fail.
package blobtest
