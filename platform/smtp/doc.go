// Package smtp sends mails through one SMTP server. It stores nothing and retries nothing: what to
// do after an error is the caller's decision, which IsPermanent helps with.
//
// A Client keeps a few connections open and uses them again:
//
//	Send → newEnvelope        checks each header value, builds the MIME with jordan-wright/email
//	     → acquireConnection  an idle connection that still answers, or dial, TLS and sign-in
//	     → MAIL, RCPT, DATA   each refusal is kept with its stage and its code
//	     → releaseConnection  back to the pool, unless the connection is in doubt
//
// Every step has a deadline. net/smtp and the MIME library have none, so the deadlines are set on
// the connection.
//
// No value of a message can add a header or a command: line breaks, NUL and addresses that would
// need quoting are refused with ErrBadMessage. A password is sent over an encrypted connection, to
// the machine itself, or where the operator wrote starttls=off. No error repeats the URL of the
// server, which may hold the password.
package smtp
