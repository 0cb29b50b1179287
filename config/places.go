//go:build !freebsd

package config

// Where packages put the configuration, and its database.
const (
	SystemFile     = "/etc/friendlyfire/config.toml"
	SystemDatabase = "/var/lib/friendlyfire/friendlyfire.db"
)
