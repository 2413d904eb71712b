package apperr

// Problem documents one code: /problems/{slug} shows it to people.
type Problem struct {
	// Title names the problem in a few words.
	Title string
	// Meaning says what is wrong and what to do next, for somebody who is no programmer where that is who meets it.
	Meaning string
}

// Catalog lists every code that an answer may carry. A code that is not here has no page, so a
// test compares the two.
var Catalog = map[string]Problem{
	"malformed-request": {"Malformed request", "The request could not be read: its JSON is broken or nests deeper than 32 levels, its body is missing, or its headers " +
		"contradict each other. The program that sent it has to be corrected."},
	"unauthenticated": {"Not signed in", "This needs an account. Sign in and try again; programs send Authorization: Bearer with an access token."},
	"invalid-token": {"Sign-in no longer valid", "The access or refresh token is not valid: the session has ended, or the token was never ours. All reasons look the same on " +
		"purpose. Sign in again."},
	"token-expired":        {"Token expired", "The access token has run out. Use the refresh token to get a new one, or sign in again."},
	"invalid-credentials":  {"Wrong address or password", "The email address and the password do not belong together. Check both and try again; whether the address is known is not told."},
	"refresh-token-reused": {"Refresh token reused", "A refresh token was used twice, which may mean that somebody has copied it. The session was ended to be safe. Sign in again."},
	"forbidden":            {"Not allowed", "Your account may see this but not do that with it, or its role is too low. Ask an administrator if you need it."},
	"account-disabled":     {"Account disabled", "An administrator has disabled this account. Write to the people who run this site."},
	"invite-wrong-address": {"Invite for another address", "This invite was made for another email address than that of your account. Sign in with the account that has it, or ask for a new invite."},
	"not-found":            {"Not found", "There is nothing at this address, or nothing that your account may know of. Check the address, or sign in with another account."},
	"method-not-allowed":   {"Method not allowed", "The address exists, but takes other methods. The header Allow lists them."},
	"email-taken":          {"Address taken", "Another account has this email address. Sign in with it, or use another address."},
	"slug-taken":           {"Short name taken", "Something else already has this short name (slug). Choose another one."},
	"key-taken":            {"File name taken", "A file with this key exists already or is being uploaded. Choose another key, or delete the file first."},
	"last-admin":           {"Last administrator", "This is the last active administrator, who can't be demoted, disabled or deleted. Make somebody else an administrator first."},
	"asset-in-use":         {"File in use", "Lessons or courses still use this file; used_by lists them. Remove it there first."},
	"upload-incomplete":    {"Upload incomplete", "The file has not arrived yet. Send it to the upload's address first, then complete the upload."},
	"upload-mismatch":      {"Upload differs", "The file that arrived is not what was announced: another size, type or checksum. detail says what was found. Send the right file, or begin a new upload."},
	"course-archived":      {"Course archived", "This course is archived, so nobody can join it any more."},
	"too-many-lessons":     {"Too many lessons", "A course holds at most 500 lessons. Split it into two courses."},
	"lesson-locked": {"Lesson locked", "This lesson is not open yet: locked_by lists the lessons to complete first, and available_at says when it opens. available_at is null when that is " +
		"not known or time is not the reason."},
	"email-sent":              {"Mail already sent", "This mail was sent, so it can't be sent again."},
	"no-email":                {"Invite without address", "This invite is not bound to an email address, so there is nobody to send it to."},
	"invite-expired":          {"Invite expired", "The time of this invite has run out. Ask for a new one."},
	"invite-revoked":          {"Invite revoked", "This invite was taken back. Ask for a new one."},
	"invite-exhausted":        {"Invite used up", "This invite was used as often as it may be. Ask for a new one."},
	"precondition-failed":     {"Changed meanwhile", "Somebody else changed this after you opened it. Open it again, add your changes and save once more."},
	"body-too-large":          {"Too large", "What was sent is too large: a JSON body may have 1 MiB, a file the size that was announced."},
	"header-too-large":        {"Headers too large", "The headers of a request may have 16 KiB. Clearing this site's cookies may help."},
	"unsupported-media-type":  {"Unsupported media type", "The operation takes another Content-Type; detail says which. No operation takes a compressed body (Content-Encoding)."},
	"validation-failed":       {"Something to correct", "One or more fields are not accepted. errors names each of them and says why."},
	"asset-unusable":          {"File not usable", "There is no finished file with this key that your account may use. Upload it first, or choose one of your own files."},
	"invalid-link":            {"Link not valid", "The link was used already, is too old, or was replaced by a newer one. Use the newest mail, or ask for a new link."},
	"idempotency-key-reused":  {"Idempotency-Key reused", "The same Idempotency-Key came with another body before, or its first answer can't be repeated. Use a new key for a new request."},
	"idempotency-in-progress": {"Still in progress", "The first request with this Idempotency-Key is still running. Ask again in a moment."},
	"quota-exceeded":          {"Quota exceeded", "With this file your uploads would take more room than they may. Delete files that you no longer need."},
	"length-required":         {"Length required", "An upload must announce its length (Content-Length)."},
	"range-not-satisfiable":   {"Range not satisfiable", "The part that was asked for lies outside the file."},
	"unavailable":             {"Temporarily unavailable", "A part of the server can't be reached at the moment. Retry-After says when to try again."},
	"rate-limited":            {"Too many requests", "This was done too often in a short time. Retry-After says when it is possible again; RateLimit names the limit."},
	"account-locked":          {"Account locked", "A hundred sign-ins in a row failed for this address. Set a new password with \"Forgot your password?\"; that opens the account again."},
	"wrong-password":          {"Wrong password", "For this your account's present password is needed, and another one was given."},
	"mfa-required": {"Second step needed", "The password is right. Send challenge with a code of the authenticator app, or a recovery code, to POST /auth/mfa/verify within expires_in " +
		"seconds."},
	"invalid-code":     {"Wrong code", "The code is wrong, too old, or was used already. Wait for the next one, or use a recovery code."},
	"mfa-already-set":  {"Second factor is set", "Your account has a second factor already. Remove it before you set up another."},
	"storage-full":     {"No room left", "The server has no room left, so nothing can be saved at the moment. Reading still works. Tell the people who run this site."},
	"internal-error":   {"Internal error", "Something went wrong on our side. Tell the people who run this site the request_id; it helps them to find the cause."},
	"too-many-sockets": {"Too many connections", "The server, your account or your address has as many live connections open as allowed. Close other windows and try again."},
	"upgrade-required": {"WebSocket only", "This address speaks WebSocket; send an upgrade request."},
	"request-timeout":  {"Request timeout", "The request took too long to arrive. Check the connection and try again."},
}
