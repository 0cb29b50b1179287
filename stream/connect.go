package stream

import (
	"context"

	"github.com/nats-io/nats.go"
)

// Connect opens a connection, which then finds its way back by itself.
func (c *Cluster) Connect(ctx context.Context) (*nats.Conn, error) { return c.connect(ctx) }
