// Package program puts the parts of the platform and the modules together: it opens what the
// configuration names, embedded or as services, builds the server, and starts and stops it.
//
// The command line and the tests of modules build the same program:
//
//	configuration ─▶ BuildOptions(cfg, modules, about) ─▶ fx graph ─▶ Start ─▶ requests ─▶ Stop
//
// Each service is chosen on its own: without DATABASE_URL the program uses SQLite, without REDIS_URL
// a Redis server inside of the process, without S3_ENDPOINT a folder, and without SMTP_URL a mailbox
// that only developers see. So a program without any configuration runs.
//
// A start prepares the schema and the bucket, runs the starters of the modules, starts background
// work and listens last, so the first request finds everything in place. A stop does the reverse:
// it ends sockets and requests first and background work last, within 30 seconds.
package program
