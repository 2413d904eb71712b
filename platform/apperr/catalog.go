package apperr

// Problem documents one code: /problems/{slug} shows it to people.
type Problem struct {
	Title   string
	Meaning string
}

// Catalog lists every code that an answer may carry. A code that is not here has no page, so a
// test compares the two.
var Catalog = map[string]Problem{
	"malformed-request":       {"Malformed request", "The request could not be read: broken JSON, nesting over 32 levels, or ambiguous framing. Send it again in the documented form."},
	"unauthenticated":         {"Not signed in", "The route needs an access token and none was sent. Log in and send Authorization: Bearer with the token."},
	"invalid-token":           {"Invalid token", "The token is forged, revoked, of another kind or unreadable. All of these look the same on purpose. Log in again."},
	"token-expired":           {"Token expired", "The access token has run out. Use the refresh token to get a new one."},
	"invalid-credentials":     {"Wrong address or password", "The address and password do not belong together. Whether the address is known is not told."},
	"refresh-token-reused":    {"Refresh token reused", "A spent refresh token was used again, so the whole session was ended: one of the two holders was not its owner. Log in again."},
	"forbidden":               {"Not allowed", "You may see this but not do that with it; or the route needs a higher role."},
	"account-disabled":        {"Account disabled", "An administrator has disabled this account."},
	"invite-wrong-address":    {"Invite for another address", "This invite is bound to another mail address than yours."},
	"not-found":               {"Not found", "There is nothing here, or nothing that you may know of."},
	"method-not-allowed":      {"Method not allowed", "The path exists, but not with this method. Allow lists those that work."},
	"email-taken":             {"Address taken", "An account with this address exists."},
	"slug-taken":              {"Slug taken", "Another one already has this slug."},
	"key-taken":               {"Key taken", "An object with this key exists or is being uploaded."},
	"last-admin":              {"Last administrator", "The last active administrator can't be demoted, disabled or deleted."},
	"asset-in-use":            {"Asset in use", "Lessons or courses still use this asset; used_by lists them."},
	"upload-incomplete":       {"Upload incomplete", "The object has not arrived yet."},
	"upload-mismatch":         {"Upload differs", "The object that arrived is not what was declared."},
	"course-archived":         {"Course archived", "An archived course takes no new enrollment."},
	"too-many-lessons":        {"Too many lessons", "A course holds at most 500 lessons."},
	"lesson-locked":           {"Lesson locked", "The lesson waits: locked_by lists the lessons to complete first, available_at is when time opens it, null if that is not known or not the cause."},
	"no-email":                {"No address", "The invite has no mail address that a code could be sent to."},
	"email-sent":              {"Mail already sent", "A mail that was sent can't be retried."},
	"invite-expired":          {"Invite expired", "The time of this invite has run out."},
	"invite-revoked":          {"Invite revoked", "This invite was taken back."},
	"invite-exhausted":        {"Invite used up", "All uses of this invite are spent."},
	"precondition-failed":     {"Changed meanwhile", "If-Match names another version than the stored one. Read again, merge, send again."},
	"body-too-large":          {"Body too large", "A JSON body may have 1 MiB; an object its declared size."},
	"header-too-large":        {"Headers too large", "The request's headers exceed 16 KiB."},
	"unsupported-media-type":  {"Unsupported media type", "The route takes another Content-Type, and none takes a Content-Encoding."},
	"validation-failed":       {"Validation failed", "The request is well-formed but breaks a rule; errors names each place."},
	"asset-unusable":          {"Asset not usable", "The key names no completed asset that you may use."},
	"invalid-link":            {"Link not valid", "The link is used, too old, replaced by a newer one, or not ours."},
	"idempotency-key-reused":  {"Idempotency-Key reused", "The same Idempotency-Key came with another body."},
	"idempotency-in-progress": {"Still in progress", "The first request with this Idempotency-Key still runs. Ask again."},
	"quota-exceeded":          {"Quota exceeded", "Your uploads would exceed the quota."},
	"length-required":         {"Length required", "An upload must say its Content-Length."},
	"range-not-satisfiable":   {"Range not satisfiable", "The asked range lies outside the object."},
	"unavailable":             {"Temporarily unavailable", "A part that this needs can't be reached. Retry-After says when to try again."},
	"rate-limited":            {"Too many requests", "A limit is reached; RateLimit names it and Retry-After says when its window ends."},
	"account-locked":          {"Account locked", "A hundred sign-ins in a row failed for this address. Only a new password, asked for by mail, opens it again."},
	"wrong-password":          {"Wrong password", "The account's current password is needed for this, and another one was sent."},
	"mfa-required":            {"Second factor needed", "The password is right. Send challenge with a code of the authenticator app, or a recovery code, to POST /auth/mfa/verify within expires_in seconds."},
	"invalid-code":            {"Wrong code", "The one-time or recovery code does not hold: wrong, too old, or used."},
	"mfa-already-set":         {"Second factor is set", "The account has a second factor. Remove it before setting up another."},
	"storage-full":            {"Storage full", "There is no room left to write. Reading still works."},
	"internal-error":          {"Internal error", "Something went wrong on our side. The request_id helps the operator to find it."},
	"too-many-sockets":        {"Too many sockets", "The server, your account or your address has as many sockets open as allowed."},
	"upgrade-required":        {"WebSocket only", "This path speaks WebSocket; send an upgrade request."},
	"request-timeout":         {"Request timeout", "The request took too long to arrive."},
}
