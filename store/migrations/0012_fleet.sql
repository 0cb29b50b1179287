-- Reports of a fleet take the time of one server's: packs (a cache, see 0003) have the hours of all sources together, and
-- the days of each source. Those of each source's hours are made no more. Units are in rollup_cache.go.
DELETE FROM packs WHERE unit IN (3600, -3600);
