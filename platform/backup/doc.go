// Package backup writes everything that an installation keeps into a folder, and fills an empty installation from one.
// Both work while nothing is known of what the data mean, on every database and object store, and with the memory of a
// few rows and one block of an object.
//
//	DIR/manifest.json              what is there: program, schema, and the checksum of every part
//	DIR/manifest.sha256            the checksum of the manifest, as sha256sum writes it
//	DIR/tables/<name>.ndjson.gz    the rows of a table, one JSON object a line, sorted by its primary key
//	DIR/objects.ndjson.gz          the objects, one line each: id, type, size and checksum
//	DIR/objects/<xx>/<id>          the content of an object; xx is the end of its id
//	DIR/keys/                      the keys of the server, if they were asked for
//
// With recipients every file but the manifest is encrypted (age, https://age-encryption.org/v1) and has the suffix
// ".age". The manifest tells how much there is, and nothing of what it is.
//
// # Writing
//
// Objects are copied first, as that takes longest. Then all tables are read in one snapshot, and after it the objects
// that came meanwhile. Objects never change, so the result is the installation at the instant of the snapshot. The
// manifest is written last: a folder without one is a backup that was cut off, and is refused.
//
// # Restoring
//
//	check the whole backup ─▶ is the target empty? ─▶ copy objects ─▶ one transaction ─▶ done
//	                                                                  ├ drop all tables
//	                                                                  ├ run the migrations of the backup
//	                                                                  ├ load the rows
//	                                                                  ├ run the newer migrations
//	                                                                  └ place the keys
//
// Rows are loaded into the schema that they were read from, so that the migrations since then work on them as on a
// living database. A process that is killed leaves the target as it was, except for objects that nothing names. They
// are not copied again when the restore is repeated.
package backup
