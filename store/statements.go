package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"

	"modernc.org/sqlite"
)

// openPool returns a pool whose connections keep the statements they have prepared: to parse and plan most of them
// takes longer than to execute them.
func openPool(dsn string) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector{c}), nil
}

type connector struct{ driver.Connector }

// Connect opens a connection.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	bare, ok := opened.(conn)
	if !ok {
		return nil, fmt.Errorf("%T lacks methods of a connection", opened)
	}
	return &keeper{conn: bare}, nil
}

// conn and stmt are what database/sql needs of the driver. It may not run a query without preparing it: so it prepares
// one each time, and closes it when its rows have been closed.
type (
	conn interface {
		driver.Conn
		driver.ConnPrepareContext
		driver.ConnBeginTx
		driver.SessionResetter
		driver.Validator
	}
	stmt interface {
		driver.Stmt
		driver.StmtExecContext
		driver.StmtQueryContext
	}
)

// keeper is a connection that keeps statements. database/sql guards it with a lock.
type keeper struct {
	conn
	idle []*kept // the most recently used last
}

// kept is a statement that, when it is closed, becomes idle instead. Until then nobody else gets it: another one with
// the same text may be in use. The driver has reset it by then, so that it holds no snapshot of the database.
type kept struct {
	stmt
	query  string
	keeper *keeper
}

// With these limits the statements of a connection occupy half a megabyte. Those for a hundred rows at a time are
// longer, but take far longer to execute than to prepare.
const (
	keptStatements = 64
	keptLength     = 1000 // bytes of text
)

// PrepareContext returns an idle statement, or prepares one.
func (k *keeper) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if i := slices.IndexFunc(k.idle, func(s *kept) bool { return s.query == query }); i >= 0 {
		s := k.idle[i]
		k.idle = slices.Delete(k.idle, i, i+1)
		return s, nil
	}
	prepared, err := k.conn.PrepareContext(ctx, query)
	if err != nil || !keeps(query) {
		return prepared, err
	}
	if s, ok := prepared.(stmt); ok {
		return &kept{stmt: s, query: query, keeper: k}, nil
	}
	return prepared, nil
}

// keeps reports whether a statement is worth keeping, and safe: a PRAGMA may take effect when it is prepared.
func keeps(query string) bool {
	verb, _, _ := strings.Cut(query, " ")
	return len(query) <= keptLength && slices.Contains([]string{"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}, verb)
}

// Close makes the statement idle.
func (s *kept) Close() error {
	k := s.keeper
	k.idle = append(k.idle, s)
	if len(k.idle) <= keptStatements {
		return nil
	}
	oldest := k.idle[0]
	k.idle = slices.Delete(k.idle, 0, 1)
	return oldest.stmt.Close()
}

// Close closes the connection. SQLite would keep the file open for its statements.
func (k *keeper) Close() error {
	k.forget()
	return k.conn.Close()
}

func (k *keeper) forget() {
	for _, s := range k.idle {
		s.stmt.Close() //nolint:errcheck // it repeats the error of its last execution, if any
	}
	k.idle = nil
}

// forget closes the idle statements of a connection of database/sql.
func forget(driverConn any) error {
	k, ok := driverConn.(*keeper)
	if !ok {
		return fmt.Errorf("%T keeps no statements", driverConn)
	}
	k.forget()
	return nil
}
