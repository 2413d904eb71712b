package jobs

import (
	"strings"

	"github.com/gomodule/redigo/redis"
)

// queueConn is a connection that counts as broken once its server refuses to write the queue, because it is not the
// primary any more or has given the queue's slot to another node. The pool then finds the server that does.
type queueConn struct {
	redis.Conn
	refusal error
}

// Do sends a command and returns its reply.
func (c *queueConn) Do(command string, args ...any) (any, error) {
	reply, err := c.Conn.Do(command, args...)
	return reply, c.checkRefusal(err)
}

// Receive returns the reply to a command that was sent before.
func (c *queueConn) Receive() (any, error) {
	reply, err := c.Conn.Receive()
	return reply, c.checkRefusal(err)
}

// Err returns why the connection can't be used any more.
func (c *queueConn) Err() error {
	if c.refusal != nil {
		return c.refusal
	}
	return c.Conn.Err()
}

// checkRefusal remembers an error that says that the queue is elsewhere, and returns it.
func (c *queueConn) checkRefusal(err error) error {
	if err == nil {
		return nil
	}
	for _, elsewhere := range []string{"READONLY ", "MOVED "} {
		if strings.HasPrefix(err.Error(), elsewhere) {
			c.refusal = err
		}
	}
	return err
}
