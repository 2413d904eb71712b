// Package embedded holds the services that run inside of the process where no outside one is
// configured:
//
//	REDIS_URL is empty   Redis: the Redis protocol over data in memory, which a restart loses
//	SMTP_URL is empty    MailSink: an SMTP server that keeps mail in a folder and sends none
//
// The rest of the program uses them through the network like outside ones, so there is one code path
// for both. They listen on loopback, on ports that the system chooses. A server in production needs
// outside ones.
//
// LockDir keeps a second server away from the same data folder, whose database and objects only one
// process may change.
package embedded
