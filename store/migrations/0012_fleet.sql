-- Reports of a fleet take the time of one server's: packs (a cache, see 0003) have the hours of all sources together, and
-- the days of each source. Those of each source's hours are made no more. Units are in rollup_cache.go.
DELETE FROM packs WHERE unit IN (3600, -3600);

-- What an agent of a fleet has read and not yet published, in the order in which it was read.
CREATE TABLE outgoing (
	id        INTEGER PRIMARY KEY,
	source_id INTEGER NOT NULL,
	ban_id    INTEGER,                     -- NULL: fact says what it is
	fact      TEXT NOT NULL                -- an end or a rule, in JSON
) STRICT;

-- Of a server whose agent publishes to a stream: the source that is the stream, and when its agent last said that it runs.
ALTER TABLE sources ADD COLUMN stream_id INTEGER;
ALTER TABLE sources ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;

-- Servers whose bans are in the file of another source, which is of several hosts.
CREATE TABLE relayed (
	source_id INTEGER PRIMARY KEY REFERENCES sources,  -- the server
	relay_id  INTEGER NOT NULL REFERENCES sources,     -- whose file it is
	bans      INTEGER NOT NULL,                        -- found, ever
	latest    INTEGER NOT NULL                         -- time of the latest of them
) STRICT;

-- Every batch of bans asks for the latest that was imported.
CREATE INDEX sources_imported ON sources (imported) WHERE imported > 0;
