-- Networks by number: the autonomous system in which an address is, 0 where none is known, and the holder of each.
ALTER TABLE addresses ADD COLUMN asn INTEGER NOT NULL DEFAULT 0;

CREATE TABLE systems (
	asn    INTEGER PRIMARY KEY,
	holder TEXT NOT NULL                   -- cleaned, '' where the table does not say
) STRICT;

-- Bans by UTC day and autonomous system, a row for each day: there are a thousand systems in many a day. The format is
-- in rollup_systems.go.
CREATE TABLE system_days (
	day     INTEGER PRIMARY KEY,
	systems BLOB NOT NULL
) STRICT;
INSERT INTO system_days SELECT day, systems(0, bans, friendly, addresses) FROM country_days GROUP BY day;

-- All addresses are looked up again, so that their systems become known.
DELETE FROM meta WHERE key = 'store/table';
