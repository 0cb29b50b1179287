-- Reports of a fleet take the time of one server's: packs (a cache, see 0003) have the hours of all sources together, and
-- the days of each source. Those of each source's hours are made no more. Units are in rollup_cache.go.
DELETE FROM packs WHERE unit IN (3600, -3600);

-- Servers whose bans are in the file of another source, which is of several hosts.
CREATE TABLE relayed (
	source_id INTEGER PRIMARY KEY REFERENCES sources,  -- the server
	relay_id  INTEGER NOT NULL REFERENCES sources,     -- whose file it is
	bans      INTEGER NOT NULL,                        -- found, ever
	latest    INTEGER NOT NULL                         -- time of the latest of them
) STRICT;

-- Every batch of bans asks for the latest that was imported.
CREATE INDEX sources_imported ON sources (imported) WHERE imported > 0;
