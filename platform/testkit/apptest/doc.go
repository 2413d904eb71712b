// Package apptest runs a program of chosen modules in a test and sends it requests over HTTP.
//
// A module is tested in its own folder. The test starts a program of that one module, passes it fakes
// of the interfaces that it asks of other modules (WithParts), and describes requests as data
// (Scenario). Everything is embedded in a temporary folder unless the test asks for real services
// (OnServices). See the example.
//
// Each scenario checks the answer and everything that follows from it: the published events, the
// audit entries and, where the number matters, the database statements. Events that no one expects
// fail the test.
package apptest
