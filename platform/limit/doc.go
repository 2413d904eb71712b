// Package limit counts hits in windows of time and refuses those beyond a rate, exactly, over all
// replicas.
//
//	TakeHit ──▶ Redis: INCR key, PEXPIRE key window NX, PTTL key   in one pipeline
//	        │      count ≤ rate: passed; the window ends with the key
//	        └─▶ no answer within 500 ms: this process counts by itself for the next second
//
// The counter of a key lives in Redis and ends with its window, which begins with its first hit. So
// a rate of N lets exactly N hits pass, however many replicas count. Each process remembers the last
// count of 200 000 keys. While Redis is unreachable it goes on from there, so there is never no limit
// (ASVS 16.5.3); each replica then lets at most the rest of the rate pass. Without any Redis, as when
// everything is embedded, the process always counts by itself.
//
// Work whose outcome decides whether it counts, such as a password check, takes its hit first and
// gives it back with GiveBack after a success. A guesser with many requests at once can't pass a
// limit that is counted only after the fact.
//
// Keys contain an HMAC of the account or address, so Redis holds neither.
package limit
