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

// redisParts are the two clients of one Redis: go-redis for limits, signals and presence, and redigo
// inside of the job queue, whose library needs it.
type redisParts struct {
	fx.Out
	Client redis.UniversalClient
	Queue  *jobs.Queue
}

// openRedis connects to REDIS_URL, or starts a server inside of the process, and closes it with the
// program. It returns a *config.Error for a URL that can't be read and a *ServiceError if the server
// can't be reached.
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
		return redisParts{}, &config.Error{
			Faults: []string{"REDIS_URL: accepted is redis://host:port or rediss://host:port"},
		}
	}
	// Every caller has an answer to a Redis that is away, so trying again would only take time.
	o.ContextTimeoutEnabled, o.MaxRetries = true, -1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, time.Second, time.Second
	client, queue := redis.NewClient(o), jobs.NewQueue(url)
	client.AddHook(outsideRedis{})
	ctx, cancel := context.WithTimeout(context.Background(), redisPingTimeout)
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

// redisPingTimeout bounds the first request to Redis.
const redisPingTimeout = 3 * time.Second

// quietRedis logs the messages of the client at debug level: those about lost connections repeat for
// each request, while the parts that use Redis log an outage once.
type quietRedis struct{}

func init() { redis.SetLogger(quietRedis{}) }

// Printf implements the logger interface of the client.
func (quietRedis) Printf(_ context.Context, format string, v ...any) {
	slog.Debug("redis client", "message", fmt.Sprintf(format, v...))
}
