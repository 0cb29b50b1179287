-- Times are unix seconds in UTC. Countries are ISO 3166-1 alpha-2, '' = unknown, NULL = not asked yet.

CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One server's file, and how far it has been read. A file is recognized by its content, since inodes are reused.
CREATE TABLE sources (
	id           INTEGER PRIMARY KEY,
	name         TEXT NOT NULL UNIQUE,
	generation   INTEGER NOT NULL DEFAULT 0,  -- grows whenever lines may come that were read before
	head         BLOB,                        -- hash of what the file begins with
	tail         BLOB,                        -- hash of what stands before the offset
	offset       INTEGER NOT NULL DEFAULT 0,  -- bytes consumed; just past a newline, unless skipping
	size         INTEGER NOT NULL DEFAULT 0,  -- of the file when last read; offset < size: more to come at once
	modified     INTEGER NOT NULL DEFAULT 0,  -- unix nanoseconds by the file's own clock, when last read
	line         INTEGER NOT NULL DEFAULT 0,  -- lines consumed
	skipping     INTEGER NOT NULL DEFAULT 0,  -- 1: the offset is within a line that is too long
	columns      TEXT NOT NULL DEFAULT '',    -- the header in force at the offset
	last_time    INTEGER NOT NULL DEFAULT 0,  -- of the ban before the offset: tells which of two equal hours it is
	lines        INTEGER NOT NULL DEFAULT 0,  -- consumed, ever
	bans         INTEGER NOT NULL DEFAULT 0,  -- found, ever
	latest       INTEGER NOT NULL DEFAULT 0,  -- time of the latest of them
	rejects      INTEGER NOT NULL DEFAULT 0,  -- lines that were no ban, ever
	gaps         INTEGER NOT NULL DEFAULT 0,  -- files that were replaced and left no trace: lines may be missing
	last_line_at INTEGER NOT NULL DEFAULT 0,  -- when the last line was consumed
	failing_since INTEGER NOT NULL DEFAULT 0, -- the file cannot be read; 0: it can
	error        TEXT NOT NULL DEFAULT ''     -- why
) STRICT;

-- The number of rejected lines, by what was wrong with them.
CREATE TABLE reject_counts (
	source_id INTEGER NOT NULL REFERENCES sources,
	reason    TEXT NOT NULL,
	lines     INTEGER NOT NULL,
	PRIMARY KEY (source_id, reason)
) STRICT, WITHOUT ROWID;

-- The latest of them, to be shown to the administrator: never the line itself, which may contain anything.
CREATE TABLE rejects (
	id        INTEGER PRIMARY KEY,
	source_id INTEGER NOT NULL REFERENCES sources,
	line      INTEGER NOT NULL,
	reason    TEXT NOT NULL,
	at        INTEGER NOT NULL
) STRICT;

CREATE TABLE jails (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE -- '' where the source does not say
) STRICT;

-- What one registry says about one network. The longest prefix wins.
CREATE TABLE networks (
	id          INTEGER PRIMARY KEY,
	prefix      BLOB NOT NULL,    -- first address, 4 or 16 bytes
	bits        INTEGER NOT NULL,
	country     TEXT NOT NULL,    -- '' where the registry answers without one
	name        TEXT NOT NULL,    -- cleaned netname or organisation
	server      TEXT NOT NULL,    -- who answered
	answered_at INTEGER NOT NULL, -- 0: outlived by a later answer
	parent      INTEGER REFERENCES networks ON DELETE SET NULL -- the smallest one around it
) STRICT;
CREATE UNIQUE INDEX networks_prefix ON networks (length(prefix), prefix, bits); -- IPv4 apart from IPv6

-- The server that IANA names for a block. Kept for good.
CREATE TABLE blocks (
	prefix TEXT PRIMARY KEY,      -- CIDR
	server TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The rate limit and backoff of a whois server.
CREATE TABLE registries (
	server      TEXT PRIMARY KEY,
	spaced_ms   INTEGER NOT NULL DEFAULT 0,  -- unix milliseconds at which questions at the agreed pace would be used up
	day         INTEGER NOT NULL DEFAULT 0,  -- days since 1970 in UTC, of asked
	asked       INTEGER NOT NULL DEFAULT 0,  -- questions of that day
	silent_till INTEGER NOT NULL DEFAULT 0,  -- not asked before, after trouble
	troubles    INTEGER NOT NULL DEFAULT 0,  -- in a row
	refusals    INTEGER NOT NULL DEFAULT 0,  -- ever
	trouble     TEXT NOT NULL DEFAULT ''     -- the last one, cleaned
) STRICT, WITHOUT ROWID;

CREATE TABLE addresses (
	id            INTEGER PRIMARY KEY,
	text          TEXT NOT NULL UNIQUE,         -- canonical address, or whatever the row held in its place
	public        INTEGER,                      -- 1: an address of the public Internet, may be asked; NULL: not looked at yet
	table_country TEXT,
	whois_country TEXT,
	network_id    INTEGER REFERENCES networks,  -- whose answer whois_country is
	whois_at      INTEGER,                      -- when whois settled it
	server        TEXT NOT NULL DEFAULT '',     -- whom to ask, or the block whose registry IANA has yet to name (46.0.0.0/8)
	ask_after     INTEGER NOT NULL DEFAULT 0,   -- whois is not asked again before
	asks          INTEGER NOT NULL DEFAULT 0,   -- questions that brought no answer
	friendly      INTEGER NOT NULL DEFAULT 0,   -- by country or network, as configured
	country       TEXT NOT NULL GENERATED ALWAYS AS (coalesce(nullif(whois_country, ''), table_country, '')) VIRTUAL
) STRICT;
CREATE INDEX addresses_unlocated ON addresses (id) WHERE public IS NULL;
CREATE INDEX addresses_unasked ON addresses (server, id) WHERE public = 1 AND whois_at IS NULL;

-- References are checked at the end of a transaction: SQLite then needs no journal for each statement.
CREATE TABLE bans (
	id         INTEGER PRIMARY KEY,
	source_id  INTEGER NOT NULL REFERENCES sources DEFERRABLE INITIALLY DEFERRED,
	time       INTEGER NOT NULL,           -- of the ban
	address_id INTEGER NOT NULL REFERENCES addresses DEFERRABLE INITIALLY DEFERRED,
	jail_id    INTEGER NOT NULL REFERENCES jails DEFERRABLE INITIALLY DEFERRED,
	nth        INTEGER NOT NULL,           -- 0: identified by its EPOCH; else its count among identical lines
	generation INTEGER NOT NULL,           -- of the source's file in which the line was last seen
	state      INTEGER NOT NULL,           -- 0 history, 1 undecided, 2 decided, 3 waiting for whois
	failures   INTEGER NOT NULL,           -- 0: not said
	ban_time   INTEGER NOT NULL,           -- seconds; negative: for ever, 0: not said
	ban_count  INTEGER NOT NULL,           -- 0: not said
	matches    TEXT NOT NULL,              -- the log lines that made the ban, cleaned; '': not said
	UNIQUE (time, source_id, address_id, jail_id, nth)
) STRICT;
CREATE INDEX bans_address ON bans (address_id);
CREATE INDEX bans_undecided ON bans (id) WHERE state = 1;
CREATE INDEX bans_waiting ON bans (address_id) WHERE state = 3;

-- The outbox: one row per message and chat.
CREATE TABLE notices (
	id         INTEGER PRIMARY KEY,
	key        TEXT NOT NULL,              -- a fact: ban/17, digest/2026-11-22
	platform   TEXT NOT NULL,
	chat       TEXT NOT NULL,
	body       TEXT NOT NULL,              -- JSON, the bot's own
	created_at INTEGER NOT NULL,
	claimed_at INTEGER,                    -- an attempt is under way
	nonce      TEXT NOT NULL DEFAULT '',   -- of the message it travels in; kept while that may have arrived
	attempts   INTEGER NOT NULL DEFAULT 0,
	maybe_sent INTEGER NOT NULL DEFAULT 0, -- an attempt ended without a clear answer
	alone      INTEGER NOT NULL DEFAULT 0, -- shares no message: one with it in was refused
	sent_at    INTEGER,
	dead_at    INTEGER,                    -- given up
	error      TEXT NOT NULL DEFAULT '',
	UNIQUE (key, platform, chat)
) STRICT;
CREATE INDEX notices_open ON notices (platform, chat, id) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX notices_dead ON notices (dead_at) WHERE dead_at IS NOT NULL;

-- The state of a chat. The platform's own row (chat '') applies to all its chats.
CREATE TABLE chats (
	platform      TEXT NOT NULL,
	chat          TEXT NOT NULL,
	blocked_until INTEGER NOT NULL DEFAULT 0,  -- no attempt before
	moved_to      TEXT NOT NULL DEFAULT '',    -- the id the platform has given it since
	sent_at       INTEGER NOT NULL DEFAULT 0,  -- last delivery
	failures      INTEGER NOT NULL DEFAULT 0,  -- attempts since, none of which arrived
	failing_since INTEGER NOT NULL DEFAULT 0,
	error         TEXT NOT NULL DEFAULT '',    -- of the last of them
	PRIMARY KEY (platform, chat)
) STRICT, WITHOUT ROWID;
