-- Lines that are no bans and were not rejected, by kind: lines = bans + rejects + these, for every source.
CREATE TABLE line_counts (
	source_id INTEGER NOT NULL REFERENCES sources,
	kind      TEXT NOT NULL,               -- one of a small set
	lines     INTEGER NOT NULL,
	PRIMARY KEY (source_id, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO line_counts SELECT id, 'not told apart', lines - bans - rejects FROM sources WHERE lines > bans + rejects;
