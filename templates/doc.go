// Package templates holds the mails that Lyceum sends: one HTML and one text file per kind under
// mail/, each drawn inside a shared layout, all parsed once when the program starts.
//
// Every kind needs AppName and PublicURL and the keys below; a key that is not given is an error,
// never an empty line in somebody's inbox. Values are strings and arrive as text, whatever they
// contain. All but Body are flattened to one line first.
//
//	kind              keys besides AppName, PublicURL
//	----------------  --------------------------------------------------
//	verify_email      DisplayName, Link, ExpiresIn
//	welcome           DisplayName, Link
//	password_reset    DisplayName, Link, ExpiresIn
//	password_changed  DisplayName, When
//	new_sign_in       DisplayName, When, IP, UserAgent
//	change_email      DisplayName, Link, ExpiresIn
//	email_changed     DisplayName, When
//	email_in_use      DisplayName, When
//	email_change_requested  DisplayName, When
//	invite            Code, Role, Link, ExpiresAt ("" = never), Courses ("" = none)
//	course_published  CourseTitle, Link
//	course_completed  CourseTitle, Link
//	announcement      CourseTitle, Title, Body, Link
//	role_granted      DisplayName, Role, Link
//
// ExpiresIn is a phrase ("48 hours"), When and ExpiresAt are times as a reader wants them
// ("24 November 2026, 19:52 UTC"). Links are built from the configured PUBLIC_URL by the caller,
// never from a request's Host.
package templates
