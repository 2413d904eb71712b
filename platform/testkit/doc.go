// Package testkit gives tests the real services that Lyceum runs on: PostgreSQL, Redis, MinIO and
// a browser. It also has a clock that tests move, and a way to wait for a condition.
//
//	testkit.Postgres(t)     the URL of a new, empty database
//	testkit.Redis(t)        the URL of a new Redis server
//	testkit.MinIO(t)        the address of an S3 server and a unique bucket name
//	testkit.OwnRedis(t)     a server that the test may kill, freeze and start again; so for the others
//	testkit.WebTools(t)     the folder of the npm packages that check the console and the API document
//	testkit.NewClock(now)   a clock.Clock that stands still until Advance
//	testkit.Eventually      waits for a condition; tests never sleep
//	testkit.Rounds(n)       how often to repeat a racing test: all rounds only under LYCEUM_PROVE=1
//
// Under `go tool task test` all packages share one set of servers, whose addresses are in TEST_*
// variables (see tools/services). A plain `go test ./modules/x` starts the servers that it needs for
// that one process. If the programs are not on the machine, it fails: a test of the real thing never
// skips in silence. Only LYCEUM_TEST_EMBEDDED=1 (`go tool task test:embedded`) leaves these tests
// out, and each of them is reported as skipped.
//
// A package whose tests use these functions has
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// which stops the servers of its process. Without it they still end with the process, and the next
// run removes their data.
package testkit
