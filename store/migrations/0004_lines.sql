-- Lines that are no bans and were not rejected, by kind: lines = bans + rejects + these, for every source.
CREATE TABLE line_counts (
	source_id INTEGER NOT NULL REFERENCES sources,
	kind      TEXT NOT NULL,               -- one of a small set
	lines     INTEGER NOT NULL,
	PRIMARY KEY (source_id, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO line_counts SELECT id, 'not told apart', lines - bans - rejects FROM sources WHERE lines > bans + rejects;

-- Files of which lines were lost, by reason.
CREATE TABLE gap_counts (
	source_id INTEGER NOT NULL REFERENCES sources,
	reason    TEXT NOT NULL,               -- one of a small set
	files     INTEGER NOT NULL,
	PRIMARY KEY (source_id, reason)
) STRICT, WITHOUT ROWID;
INSERT INTO gap_counts SELECT id, 'not told apart', gaps FROM sources WHERE gaps > 0;

-- The time of the latest ban that was imported, 0: none was. Lines up to then may be such bans, whose generation is -1.
ALTER TABLE sources ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;
