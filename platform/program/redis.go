package program

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/fx"

	"lyceum/platform/config"
	"lyceum/platform/embedded"
	"lyceum/platform/jobs"
	"lyceum/platform/redisconn"
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
	client, err := redisconn.Open(url)
	if err != nil {
		return redisParts{}, &config.Error{
			Faults: []string{"REDIS_URL: accepted is redis://host:port or rediss://host:port, with " +
				"?master_name=…&addr=… for Sentinels and ?cluster=true&addr=… for a cluster: " + err.Error()},
		}
	}
	queue := newQueue(client)
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

// newQueue returns the job queue on the server that holds its keys.
func newQueue(client *redisconn.Client) *jobs.Queue {
	name := jobs.Namespace
	if client.IsCluster() {
		name = jobs.ClusterNamespace
	}
	return jobs.NewQueueAt(name, func(ctx context.Context) (redisconn.Server, error) {
		return client.FindServer(ctx, name)
	})
}

// redisPingTimeout bounds the first request to Redis.
const redisPingTimeout = 3 * time.Second
