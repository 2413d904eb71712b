package program

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"

	"lyceum/platform/config"
	"lyceum/platform/embedded"
	"lyceum/platform/jobs"
)

// redisParts share one address: go-redis for signals between replicas, redigo inside the job queue.
type redisParts struct {
	fx.Out
	Client redis.UniversalClient
	Queue  *jobs.Queue
}

func openRedis(lc fx.Lifecycle, c *config.Config) (redisParts, error) {
	url, stop := c.RedisURL, func() {}
	if url == "" {
		server, err := embedded.NewRedis()
		if err != nil {
			return redisParts{}, err
		}
		url, stop = server.URL(), server.Close
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		return redisParts{}, &config.Error{Faults: []string{"REDIS_URL: accepted is redis://host:port or rediss://host:port"}}
	}
	o.ContextTimeoutEnabled, o.MaxRetries = true, -1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
	client, queue := redis.NewClient(o), jobs.NewQueue(url)
	client.AddHook(outsideRedis{})
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		return redisParts{}, &ServiceError{"REDIS_URL", err}
	}
	lc.Append(fx.Hook{OnStop: func(context.Context) error {
		_ = queue.Close()
		err := client.Close()
		stop()
		return err
	}})
	return redisParts{Client: client, Queue: queue}, nil
}

// quietRedis puts the client's own words about lost connections where an operator looks for detail.
type quietRedis struct{}

func init() { redis.SetLogger(quietRedis{}) }

// Printf implements the client's logger.
func (quietRedis) Printf(_ context.Context, format string, v ...any) {
	slog.Debug("redis", "says", fmt.Sprintf(format, v...))
}
