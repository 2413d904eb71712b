package program

import (
	"context"
	"time"

	"go.uber.org/fx"

	"lyceum/platform/config"
	"lyceum/platform/db"
)

// openDatabase opens the configured database, or SQLite under DATA_DIR, and closes it with the program.
func openDatabase(lc fx.Lifecycle, c *config.Config) (*db.DB, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	d, err := db.Open(ctx, db.Options{URL: c.DatabaseURL, Dir: c.DataDir, MaxConns: c.DatabaseMaxConns})
	if err != nil {
		return nil, &ServiceError{"DATABASE_URL", err}
	}
	lc.Append(fx.Hook{OnStop: func(context.Context) error { return d.Close() }})
	return d, nil
}
