package config

// Where deploy/freebsd puts the configuration, and its database: https://man.freebsd.org/cgi/man.cgi?hier(7)
const (
	SystemFile     = "/usr/local/etc/friendlyfire/config.toml"
	SystemDatabase = "/var/db/friendlyfire/friendlyfire.db"
)
