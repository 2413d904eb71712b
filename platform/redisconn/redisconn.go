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
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
)

// timeout bounds a connection attempt, a read and a write.
const timeout = time.Second

// A command is sent once, and a connection is tried once: every caller has an answer to a Redis that is away. A cluster
// is the exception, as go-redis counts a slot that has moved and a lost connection alike. There a counter may count
// twice when a node is lost.
const (
	noRetries        = -1
	clusterRedirects = 3
	dialTries        = 1
)

// Errors of Open. They repeat nothing of the URL, which may hold a password anywhere if it is malformed.
var (
	errNotAURL    = errors.New("it is not a URL")
	errServer     = errors.New("the path is no number of a database, or a parameter is not known")
	errSentinel   = errors.New("master_name is empty, the path is no number of a database, or a parameter is not known")
	errCluster    = errors.New("cluster is not true, or a parameter is not known")
	errNoSentinel = errors.New("no sentinel knows the server")
)

// Client is a client of one Redis. It is safe for concurrent use, and the caller closes it.
type Client struct {
	redis.UniversalClient
	// location is where the URL points to, without the address if that may change.
	location url.URL
	tls      *tls.Config
	sentinel *redis.FailoverOptions
	cluster  *redis.ClusterClient
}

// Server is one server of a Redis. TLS is nil for a redis:// URL.
type Server struct {
	URL string
	TLS *tls.Config
}

// Open returns a client of the Redis at a URL. It connects when it is used. It returns an error for a URL that can't be
// read.
func Open(rawURL string) (*Client, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errNotAURL
	}
	query := u.Query()
	switch {
	case query.Has("master_name"):
		return openSentinel(rawURL, *u)
	case query.Has("cluster"):
		if query.Get("cluster") != "true" {
			return nil, errCluster
		}
		query.Del("cluster")
		u.RawQuery = query.Encode()
		return openCluster(u.String(), *u)
	}
	o, err := redis.ParseURL(rawURL)
	if err != nil {
		return nil, errServer
	}
	o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries = true, noRetries, dialTries
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = timeout, timeout, timeout
	return &Client{UniversalClient: redis.NewClient(o), location: *u, tls: o.TLSConfig}, nil
}

// openSentinel returns a client of the server that Sentinels name.
func openSentinel(rawURL string, u url.URL) (*Client, error) {
	o, err := redis.ParseFailoverURL(rawURL)
	if err != nil || o.MasterName == "" {
		return nil, errSentinel
	}
	o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries = true, noRetries, dialTries
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = timeout, timeout, timeout
	location := url.URL{Scheme: u.Scheme, Path: fmt.Sprint("/", o.DB)}
	if o.Password != "" {
		location.User = url.UserPassword(o.Username, o.Password)
	}
	return &Client{
		UniversalClient: redis.NewFailoverClient(o), location: location, tls: o.TLSConfig, sentinel: o,
	}, nil
}

// openCluster returns a client of all nodes of a cluster.
func openCluster(rawURL string, u url.URL) (*Client, error) {
	o, err := redis.ParseClusterURL(rawURL)
	if err != nil {
		return nil, errCluster
	}
	o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries = true, noRetries, dialTries
	o.MaxRedirects = clusterRedirects
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = timeout, timeout, timeout
	client := redis.NewClusterClient(o)
	return &Client{
		UniversalClient: client, location: url.URL{Scheme: u.Scheme, User: u.User}, tls: o.TLSConfig, cluster: client,
	}, nil
}

// IsCluster returns whether keys live on different servers, so that only those with the same hash tag are together.
func (c *Client) IsCluster() bool { return c.cluster != nil }

// FindServer returns the one server that holds a key at the moment.
func (c *Client) FindServer(ctx context.Context, key string) (Server, error) {
	found := c.location
	switch {
	case c.sentinel != nil:
		addr, err := c.askSentinels(ctx)
		if err != nil {
			return Server{}, err
		}
		found.Host = addr
	case c.cluster != nil:
		// Who asks may have been sent away by the node that held the key before. The new state comes in the
		// background, so it is there the next time at the latest.
		c.cluster.ReloadState(ctx)
		node, err := c.cluster.MasterForKey(ctx, key)
		if err != nil {
			return Server{}, err
		}
		found.Host = node.Options().Addr
	}
	return Server{URL: found.String(), TLS: c.tls}, nil
}

// askSentinels returns the address of the server that the first answer names. All Sentinels are asked at once: the
// machine of one may be away together with the server that it watched.
func (c *Client) askSentinels(ctx context.Context) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan string, len(c.sentinel.SentinelAddrs))
	for _, sentinel := range c.sentinel.SentinelAddrs {
		go func() { answers <- c.askSentinel(ctx, sentinel) }()
	}
	for range c.sentinel.SentinelAddrs {
		select {
		case addr := <-answers:
			if addr != "" {
				return addr, nil
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	return "", errNoSentinel
}

// askSentinel returns the address of the server as a Sentinel knows it, or "".
func (c *Client) askSentinel(ctx context.Context, addr string) string {
	sentinel := redis.NewSentinelClient(&redis.Options{
		Addr: addr, Username: c.sentinel.SentinelUsername, Password: c.sentinel.SentinelPassword, TLSConfig: c.tls,
		DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout, MaxRetries: noRetries,
		DialerRetries: dialTries, ContextTimeoutEnabled: true,
	})
	defer func() { _ = sentinel.Close() }()
	at, err := sentinel.GetMasterAddrByName(ctx, c.sentinel.MasterName).Result()
	if err != nil || len(at) != 2 {
		return ""
	}
	return net.JoinHostPort(at[0], at[1])
}

// quietLogger logs the messages of the client at debug level: those about lost connections repeat for
// each request, while the parts that use Redis log an outage once.
type quietLogger struct{}

func init() { redis.SetLogger(quietLogger{}) }

// Printf implements the logger interface of the client.
func (quietLogger) Printf(_ context.Context, format string, v ...any) {
	slog.Debug("redis client", "message", fmt.Sprintf(format, v...))
}
