-- Bans of an address are looked up by periods of 2^21 seconds (24 days): an import in order of time then writes only one
-- end of the index, instead of reading and writing all of it with every batch.
ALTER TABLE bans ADD COLUMN period INTEGER GENERATED ALWAYS AS (time >> 21) VIRTUAL;
DROP INDEX bans_address;
CREATE INDEX bans_address ON bans (period, address_id);

-- The periods that have bans, at one step in the index for each.
CREATE VIEW periods AS WITH RECURSIVE p (period) AS (
	SELECT min(period) FROM bans
	UNION ALL
	SELECT (SELECT min(period) FROM bans WHERE period > p.period) FROM p WHERE period IS NOT NULL
) SELECT period FROM p WHERE period IS NOT NULL;

-- A cache, since one blob is read many times faster than its rows: ten days of jail_hours (unit 3600) or country_days
-- (86400), of either without addresses (negative units), or of long bans (1). The format is in rollup_pack.go. If a pack
-- is missing, or empty since one of its rows has changed, the rows are read instead.
CREATE TABLE packs (
	id    INTEGER PRIMARY KEY,             -- of those that are empty the lowest has been so for longest
	unit  INTEGER NOT NULL,
	start INTEGER NOT NULL,                -- of the ten days, counted from 1970
	rows  BLOB NOT NULL,                   -- one after the other, as pack.go says
	UNIQUE (unit, start)
) STRICT;
