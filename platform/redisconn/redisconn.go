// Package redisconn connects to Redis in each of the ways in which it is run.
//
//	redis://host:6379/0                                               one server
//	redis://sentinel-1:26379/0?master_name=main&addr=sentinel-2:26379 a server that Sentinels watch and replace
//	redis://node-1:6379?cluster=true&addr=node-2:6379                 a cluster
//
// With Sentinels, the user and the password before the host are theirs, and the parameters username and password
// those of the server. The scheme rediss:// asks for TLS everywhere.
package redisconn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
)

// timeout bounds a connection attempt, a read and a write. Every caller has an answer to a Redis that is away, so a
// command is not tried again either.
const timeout = time.Second

// clusterRedirects is how often a command follows a slot of a cluster to another node.
const clusterRedirects = 3

// Client is a client of one Redis. It is safe for concurrent use, and the caller closes it.
type Client struct {
	redis.UniversalClient
	// location is where the URL points to, without addresses.
	location url.URL
	sentinel *redis.FailoverOptions
	cluster  *redis.ClusterClient
}

// Open returns a client of the Redis at a URL. It connects when it is used. It returns an error for a URL that can't be
// read.
func Open(rawURL string) (*Client, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("not a URL") // the error of net/url repeats the password
	}
	query := u.Query()
	switch {
	case query.Has("master_name"):
		return openSentinel(rawURL, *u)
	case query.Has("cluster"):
		if query.Get("cluster") != "true" {
			return nil, errors.New("cluster has another value than true")
		}
		query.Del("cluster")
		u.RawQuery = query.Encode()
		return openCluster(u.String(), *u)
	}
	o, err := redis.ParseURL(rawURL)
	if err != nil {
		return nil, err
	}
	o.ContextTimeoutEnabled, o.MaxRetries = true, -1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = timeout, timeout, timeout
	return &Client{UniversalClient: redis.NewClient(o), location: *u}, nil
}

// openSentinel returns a client of the server that Sentinels name.
func openSentinel(rawURL string, u url.URL) (*Client, error) {
	o, err := redis.ParseFailoverURL(rawURL)
	if err != nil {
		return nil, err
	}
	if o.MasterName == "" {
		return nil, errors.New("master_name is empty")
	}
	o.ContextTimeoutEnabled, o.MaxRetries = true, -1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = timeout, timeout, timeout
	location := url.URL{Scheme: u.Scheme, Path: fmt.Sprint("/", o.DB)}
	if o.Password != "" {
		location.User = url.UserPassword(o.Username, o.Password)
	}
	return &Client{UniversalClient: redis.NewFailoverClient(o), location: location, sentinel: o}, nil
}

// openCluster returns a client of all nodes of a cluster.
func openCluster(rawURL string, u url.URL) (*Client, error) {
	o, err := redis.ParseClusterURL(rawURL)
	if err != nil {
		return nil, err
	}
	o.ContextTimeoutEnabled, o.MaxRedirects, o.MaxRetries = true, clusterRedirects, -1
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = timeout, timeout, timeout
	client := redis.NewClusterClient(o)
	return &Client{
		UniversalClient: client, location: url.URL{Scheme: u.Scheme, User: u.User}, cluster: client,
	}, nil
}

// IsCluster returns whether keys live on different servers, so that only those with the same hash tag are together.
func (c *Client) IsCluster() bool { return c.cluster != nil }

// FindServer returns the redis:// or rediss:// URL of the one server that holds a key at the moment.
func (c *Client) FindServer(ctx context.Context, key string) (string, error) {
	found := c.location
	switch {
	case c.sentinel != nil:
		addr, err := c.askSentinels(ctx)
		if err != nil {
			return "", err
		}
		found.Host = addr
	case c.cluster != nil:
		node, err := c.cluster.MasterForKey(ctx, key)
		if err != nil {
			return "", err
		}
		found.Host = node.Options().Addr
	}
	return found.String(), nil
}

// askSentinels returns the address of the server that the first Sentinel names which answers.
func (c *Client) askSentinels(ctx context.Context) (string, error) {
	var faults []error
	for _, addr := range c.sentinel.SentinelAddrs {
		sentinel := redis.NewSentinelClient(&redis.Options{
			Addr: addr, Username: c.sentinel.SentinelUsername, Password: c.sentinel.SentinelPassword,
			TLSConfig: c.sentinel.TLSConfig, DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout,
			MaxRetries: -1,
		})
		at, err := sentinel.GetMasterAddrByName(ctx, c.sentinel.MasterName).Result()
		_ = sentinel.Close()
		if err == nil && len(at) == 2 {
			return net.JoinHostPort(at[0], at[1]), nil
		}
		faults = append(faults, fmt.Errorf("sentinel %s: %w", addr, err))
	}
	return "", errors.Join(faults...)
}

// quietLogger logs the messages of the client at debug level: those about lost connections repeat for
// each request, while the parts that use Redis log an outage once.
type quietLogger struct{}

func init() { redis.SetLogger(quietLogger{}) }

// Printf implements the logger interface of the client.
func (quietLogger) Printf(_ context.Context, format string, v ...any) {
	slog.Debug("redis client", "message", fmt.Sprintf(format, v...))
}
