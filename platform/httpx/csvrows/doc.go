// Package csvrows speaks CSV in both directions. It reads bodies of {rows: […], …} that come as a
// table, and it writes lists as tables (RFC 4180):
//
//	POST /accounts?dry_run=true         {"dry_run": true,
//	Content-Type: text/csv          →    "rows": [{"email": "jane@example.com"},
//	Email;Name                                    {"email": "joe@example.com"}]}
//	jane@example.com;Jane
//	joe@example.com;Joe
//
// A table becomes the JSON body that it stands for, so that one set of rules validates both. Its
// tables are those that programs write:
//
//	Excel            commas or, where those are for decimals, semicolons; a first line "sep=;";
//	                 as "Unicode text" UTF-16 with tabs; on a Mac CR line ends; ="…" for texts
//	LibreOffice      any of these, as its user chooses
//	Numbers, Sheets  UTF-8 with commas; empty rows and columns as separators alone
//	mail programs    "Name <address>", quoted or not, mailto: links, many addresses on a line
//
// A person who exports a table can't see which of these the program chose, so all of them are
// accepted. What can't be read for certain is refused with the number of the line.
package csvrows
