-- What is read many times faster in one blob: ten days of the rows of jail_hours (unit 3600) or country_days (86400), or
-- of the bans that last long (1). A cache: what is missing, or empty since one of its rows has changed, is read from the
-- rows.
CREATE TABLE packs (
	id    INTEGER PRIMARY KEY,             -- of those that are empty the lowest has been so for longest
	unit  INTEGER NOT NULL,
	start INTEGER NOT NULL,                -- of the ten days, counted from 1970
	rows  BLOB NOT NULL,                   -- one after the other, as pack.go says
	UNIQUE (unit, start)
) STRICT;
