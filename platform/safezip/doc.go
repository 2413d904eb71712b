// Package safezip reads zip files from people who may want to do harm. It accepts fewer files than
// archive/zip: every file that it accepts has one reading, stays within the caller's limits, and
// can be unpacked on any system.
//
// # Use
//
//	archive, err := safezip.Open(file, size, safezip.Limits{
//		Entries: 5000, PackedBytes: 512 << 20, UnpackedBytes: 1 << 30, Ratio: 100, RatioFromBytes: 1 << 20,
//	})
//	content, err := archive["manifest.json"].ReadAll(8 << 20)
//
// Open reads the directory and unpacks nothing. An Entry is checked against its declared size and
// checksum while it is read, so a caller that must know that an archive is sound reads every entry
// to its end.
//
// # Attacks
//
//	attack                                         defense
//	---------------------------------------------  --------------------------------------------------------------
//	two readers see two archives                   the directory ends at the end record, which ends the file;
//	                                               each entry's two headers must agree
//	a few bytes unpack to terabytes                limits of the sizes and of the ratio, declared and counted
//	entries share their packed bytes (Fifield)     no two entries overlap, and none overlaps the directory
//	"../../etc/passwd", "C:\x", "a\x00b"           names are relative paths of plain segments of at most 255 bytes
//	"File" beside "file"                           no two names are equal after Unicode case folding
//	links, devices                                 regular files and folders only
//	a directory that fills the memory              at most Limits.Entries entries and 2 MiB of headers
//	encryption, odd methods, zip64, several parts  refused
//
// # Errors
//
// ErrFormat means that the file is not a readable zip file. An *Error means that the file, or the
// entry that it names, breaks a rule; its Reason is safe to show. Other errors come from the reader
// of the file.
package safezip
