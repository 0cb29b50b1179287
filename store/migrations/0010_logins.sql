-- Logins that succeeded: a ban of an address that logged in is likely to be wrong.

-- Of the logins of an hour, only the first and the last: a mail program that asks every minute is two, and a file that is
-- read again adds nothing. No name is kept: name is a hash of it, with the key in meta (logins/key).
CREATE TABLE logins (
	network BLOB NOT NULL,                 -- an IPv4 address, or the first 8 bytes of an IPv6 address
	hour    INTEGER NOT NULL,              -- its first second
	host    BLOB NOT NULL,                 -- the other 8 bytes
	service TEXT NOT NULL,                 -- sshd, imap, …
	name    BLOB NOT NULL,                 -- 8 bytes; none if the line does not say who it was
	first   INTEGER NOT NULL,
	last    INTEGER NOT NULL,
	PRIMARY KEY (network, hour, host, service, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX logins_hour ON logins (hour);
CREATE INDEX logins_name ON logins (name);

-- A file of logins, and how far it has been read: as in sources.
CREATE TABLE login_sources (
	id           INTEGER PRIMARY KEY,
	name         TEXT NOT NULL UNIQUE,
	generation   INTEGER NOT NULL DEFAULT 0,
	head         BLOB,
	tail         BLOB,
	offset       INTEGER NOT NULL DEFAULT 0,
	size         INTEGER NOT NULL DEFAULT 0,
	modified     INTEGER NOT NULL DEFAULT 0,
	line         INTEGER NOT NULL DEFAULT 0,
	skipping     INTEGER NOT NULL DEFAULT 0,
	columns      TEXT NOT NULL DEFAULT '',
	last_time    INTEGER NOT NULL DEFAULT 0,
	lines        INTEGER NOT NULL DEFAULT 0,  -- consumed, ever
	logins       INTEGER NOT NULL DEFAULT 0,  -- among them
	latest       INTEGER NOT NULL DEFAULT 0,  -- time of the latest of them
	rejects      INTEGER NOT NULL DEFAULT 0,  -- lines that could not be read, ever
	gaps         INTEGER NOT NULL DEFAULT 0,  -- files of which lines may be missing
	last_line_at INTEGER NOT NULL DEFAULT 0,
	failing_since INTEGER NOT NULL DEFAULT 0,
	error        TEXT NOT NULL DEFAULT ''
) STRICT;

-- Its lines that are no logins, by kind, and its rejects, by reason.
CREATE TABLE login_lines (
	source_id INTEGER NOT NULL REFERENCES login_sources,
	kind      TEXT NOT NULL,
	lines     INTEGER NOT NULL,
	PRIMARY KEY (source_id, kind)
) STRICT, WITHOUT ROWID;

-- 1: somebody logged in from there before a ban of it, within friendly_logins.
ALTER TABLE addresses ADD COLUMN logged_in INTEGER NOT NULL DEFAULT 0;
