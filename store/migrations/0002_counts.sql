-- Rollups, so that reports need not read the bans themselves; and ids that are never reused, since notices and rollups
-- outlast the bans and addresses to which they refer. Foreign keys are off here.

CREATE TABLE addresses_kept (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
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
INSERT INTO addresses_kept (id, text, public, table_country, whois_country, network_id, whois_at, server, ask_after, asks, friendly)
	SELECT id, text, public, table_country, whois_country, network_id, whois_at, server, ask_after, asks, friendly FROM addresses;
DROP TABLE addresses;
ALTER TABLE addresses_kept RENAME TO addresses;
CREATE INDEX addresses_unlocated ON addresses (id) WHERE public IS NULL;
CREATE INDEX addresses_unasked ON addresses (server, id) WHERE public = 1 AND whois_at IS NULL;
CREATE INDEX addresses_friendly ON addresses (id) WHERE friendly = 1;
CREATE INDEX addresses_network ON addresses (network_id) WHERE network_id IS NOT NULL;

-- Without references: source, address and jail are looked up or added in the transaction that adds a ban, and checking
-- them would take a third of the time of an import.
CREATE TABLE bans_kept (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	source_id  INTEGER NOT NULL,
	time       INTEGER NOT NULL,           -- of the ban
	address_id INTEGER NOT NULL,
	jail_id    INTEGER NOT NULL,
	nth        INTEGER NOT NULL,           -- 0: identified by its EPOCH; else its count among identical lines
	generation INTEGER NOT NULL,           -- of the source's file in which the line was last seen
	state      INTEGER NOT NULL,           -- 0 history, 1 undecided, 2 decided, 3 waiting for whois
	failures   INTEGER NOT NULL,           -- 0: not said
	ban_time   INTEGER NOT NULL,           -- seconds; negative: for ever, 0: not said
	ban_count  INTEGER NOT NULL,           -- 0: not said
	matches    TEXT NOT NULL,              -- the log lines that made the ban, cleaned; '': not said
	UNIQUE (time, source_id, address_id, jail_id, nth)
) STRICT;
INSERT INTO bans_kept (id, source_id, time, address_id, jail_id, nth, generation, state, failures, ban_time, ban_count, matches)
	SELECT id, source_id, time, address_id, jail_id, nth, generation, state, failures, ban_time, ban_count, matches FROM bans;
DROP TABLE bans;
ALTER TABLE bans_kept RENAME TO bans;
CREATE INDEX bans_address ON bans (address_id);
CREATE INDEX bans_undecided ON bans (id) WHERE state = 1;
CREATE INDEX bans_waiting ON bans (address_id) WHERE state = 3;
CREATE INDEX bans_long ON bans (time, ban_time, address_id, jail_id) WHERE ban_time < 0 OR ban_time > 14400;

-- Bans by hour, source and jail. An hour is given by its first second, in unix seconds, and so is a day, in UTC.
CREATE TABLE jail_hours (
	hour      INTEGER NOT NULL,
	source_id INTEGER NOT NULL REFERENCES sources,
	jail_id   INTEGER NOT NULL REFERENCES jails,
	bans      INTEGER NOT NULL,
	friendly  INTEGER NOT NULL,            -- bans of friendly addresses
	endless   INTEGER NOT NULL,            -- bans of which the source does not say how long they last
	addresses BLOB NOT NULL,               -- the ids of the addresses banned: ascending, each as the varint of its distance from the one before
	friends   BLOB NOT NULL,               -- those of friendly ones
	PRIMARY KEY (hour, source_id, jail_id)
) STRICT, WITHOUT ROWID;

-- Bans by day and believed country, '' for unknown.
CREATE TABLE country_days (
	day       INTEGER NOT NULL,
	country   TEXT NOT NULL,
	bans      INTEGER NOT NULL,
	friendly  INTEGER NOT NULL,
	addresses BLOB NOT NULL,
	PRIMARY KEY (day, country)
) STRICT, WITHOUT ROWID;

-- The history that has not been reported yet: one row, or none.
CREATE TABLE untold (
	id       INTEGER PRIMARY KEY CHECK (id = 1),
	up_to    INTEGER NOT NULL,             -- the highest ban id of them
	bans     INTEGER NOT NULL,
	friendly INTEGER NOT NULL,
	first    INTEGER NOT NULL,             -- times of the first and the last of them
	last     INTEGER NOT NULL
) STRICT;
INSERT INTO untold
	SELECT 1, max(b.id), count(*), sum(a.friendly), min(b.time), max(b.time) FROM bans b JOIN addresses a ON a.id = b.address_id
	WHERE b.state = 0 AND b.id > coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'history/told'), 0)
	HAVING count(*) > 0;
DELETE FROM meta WHERE key = 'history/told';

-- Since when a server has been refusing; 0: it answers.
ALTER TABLE registries ADD COLUMN refused_since INTEGER NOT NULL DEFAULT 0;
