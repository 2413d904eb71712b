package program

import (
	"context"
	"time"

	"go.uber.org/fx"

	"lyceum/platform/config"
	"lyceum/platform/db"
)

// openTimeout bounds the first connection to the database: an operator who misspelled its address
// should not wait.
const openTimeout = 5 * time.Second

// openDatabase opens the database of DATABASE_URL, or SQLite under DATA_DIR, and closes it when the
// program stops. It returns a *ServiceError if the database can't be reached.
func openDatabase(lc fx.Lifecycle, c *config.Config) (*db.DB, error) {
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	d, err := db.Open(ctx, db.Options{
		URL: c.DatabaseURL, ReplicaURL: c.DatabaseReplicaURL, Dir: c.DataDir, MaxConns: c.DatabaseMaxConns,
	})
	if err != nil {
		return nil, &ServiceError{"DATABASE_URL", err}
	}
	// fx stops parts in the reverse order, so the database outlives everything that uses it.
	lc.Append(fx.Hook{OnStop: func(context.Context) error { return d.Close() }})
	return d, nil
}
