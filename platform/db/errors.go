package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/ncruces/go-sqlite3"
	"gorm.io/gorm"

	"lyceum/platform/apperr"
)

// ErrNotFound is the error of a query for one row that found none.
var ErrNotFound = gorm.ErrRecordNotFound

// IsNotFound reports whether err is ErrNotFound.
func IsNotFound(err error) bool { return errors.Is(err, gorm.ErrRecordNotFound) }

// IsDuplicate reports whether err is a violated unique constraint.
func IsDuplicate(err error) bool {
	var pg *pgconn.PgError
	return errors.Is(err, gorm.ErrDuplicatedKey) || errors.As(err, &pg) && pg.Code == "23505"
}

// IsMissingReference reports whether err is a violated foreign key: the row refers to one that does not exist.
func IsMissingReference(err error) bool {
	var pg *pgconn.PgError
	return errors.Is(err, gorm.ErrForeignKeyViolated) || errors.As(err, &pg) && pg.Code == "23503"
}

// IsRetryable reports whether the database ended the transaction in favor of another one: a deadlock or a
// serialization failure. The same transaction may succeed when it is run again.
func IsRetryable(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01") || errors.Is(err, sqlite3.BUSY_SNAPSHOT)
}

// ClassifyError returns the error for the client if err comes from the surroundings of the database: its
// disk is full, it can't be reached, descriptors are used up. It returns nil for every other error, which is a
// fault of the program.
func ClassifyError(err error) *apperr.Error {
	switch {
	case isFull(err):
		return apperr.StorageFull().WithCause(err)
	case isShortOfFiles(err):
		const detail = "The server has too many files and connections open at the moment. Try again in a few seconds."
		return apperr.Unavailable(detail).WithCause(err)
	case IsRetryable(err):
		return apperr.Unavailable("Another change was in the way. Send the request again.").WithCause(err)
	case isAway(err):
		return apperr.Unavailable("The database can't be reached now.").WithCause(err)
	}
	return nil
}

// isFull reports whether there is no room to write: for the database's files, or for those of anything
// else that failed.
func isFull(err error) bool {
	var pg *pgconn.PgError
	// IOERR_SHMSIZE: the index of the write-ahead log could not grow.
	return errors.Is(err, sqlite3.FULL) || errors.Is(err, sqlite3.IOERR_SHMSIZE) || isNoRoom(err) ||
		errors.As(err, &pg) && pg.Code == "53100" // disk_full
}

// isShortOfFiles reports whether no file descriptor was free; SQLite says that it can't open a file then.
func isShortOfFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, sqlite3.CANTOPEN)
}

// isAway reports whether the database could not be reached, or did not answer in time.
func isAway(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// Classes and codes of appendix A of the PostgreSQL manual: 08 connection, 53 out of resources, 57P shutting down,
		// 57014 canceled, 25006 read-only, such as a standby.
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "53") ||
			strings.HasPrefix(pg.Code, "57P") || pg.Code == "57014" || pg.Code == "25006"
	}
	var connect *pgconn.ConnectError
	var netErr *net.OpError // not net.Error: SQLite errors have its methods, too
	return errors.As(err, &connect) || errors.As(err, &netErr) || errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, sqlite3.BUSY) || errors.Is(err, sqlite3.INTERRUPT) || errors.Is(err, sqlite3.IOERR) ||
		pgconn.Timeout(err) ||
		// database/sql ends a transaction whose time is up, and says this to the statements after it.
		errors.Is(err, sql.ErrTxDone) || errors.Is(err, sql.ErrConnDone) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "unexpected EOF")
}
