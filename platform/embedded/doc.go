// Package embedded holds the services that run inside of the process where no outside one is
// configured: a server with the Redis protocol, and an SMTP server that keeps the mails instead of
// sending them. A lock on the data folder keeps a second server away from the same data.
package embedded
