-- Bans of an address are looked up period by period, of 2^21 seconds (24 days) each: an import in the order of time then
-- writes one end of the index, where it would otherwise read and write all of it with every batch.
ALTER TABLE bans ADD COLUMN period INTEGER GENERATED ALWAYS AS (time >> 21) VIRTUAL;
DROP INDEX bans_address;
CREATE INDEX bans_address ON bans (period, address_id);

-- The periods that there are bans of, a step in the index for each.
CREATE VIEW periods AS WITH RECURSIVE p (period) AS (
	SELECT min(period) FROM bans
	UNION ALL
	SELECT (SELECT min(period) FROM bans WHERE period > p.period) FROM p WHERE period IS NOT NULL
) SELECT period FROM p WHERE period IS NOT NULL;

-- What is read many times faster in one blob: ten days of the rows of jail_hours (unit 3600) or country_days (86400), of
-- either without the addresses (the unit below 0), or of the bans that last long (1). A cache: what is missing, or empty
-- since one of its rows has changed, is read from the rows.
CREATE TABLE packs (
	id    INTEGER PRIMARY KEY,             -- of those that are empty the lowest has been so for longest
	unit  INTEGER NOT NULL,
	start INTEGER NOT NULL,                -- of the ten days, counted from 1970
	rows  BLOB NOT NULL,                   -- one after the other, as pack.go says
	UNIQUE (unit, start)
) STRICT;
