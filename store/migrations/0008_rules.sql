-- What a log tells of failures and rules.

-- Seconds from the first failure to the last, then those between the last ones: '130 30 60 40'; '': not said.
ALTER TABLE bans ADD COLUMN pace TEXT NOT NULL DEFAULT '';

-- The rules of jails, as Fail2Ban names them when it sets a jail up: a row for each change, few as they are. Of two
-- neighbours that say the same, the later one means nothing.
CREATE TABLE rules (
	source  TEXT NOT NULL,
	jail    TEXT NOT NULL,
	setting TEXT NOT NULL,                 -- maxretry, findtime or bantime
	at      INTEGER NOT NULL,
	value   INTEGER NOT NULL,              -- times in seconds; negative: for ever
	PRIMARY KEY (source, jail, setting, at)
) STRICT, WITHOUT ROWID;
