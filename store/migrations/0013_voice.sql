-- Alerts are named by what identifies their bans, which every bot knows that reads them, and no longer by a row.
ALTER TABLE notices ADD COLUMN ban_id INTEGER NOT NULL DEFAULT 0; -- of an alert
UPDATE notices SET ban_id = CAST(substr(key, 5) AS INTEGER) WHERE key GLOB 'ban/[0-9]*';
UPDATE notices SET key = 'ban/' || named.ref
	FROM (SELECT b.id, ban_ref(s.name, b.time, a.text, j.name, b.nth) AS ref FROM bans b JOIN sources s ON s.id = b.source_id
		JOIN addresses a ON a.id = b.address_id JOIN jails j ON j.id = b.jail_id WHERE b.id IN (SELECT ban_id FROM notices)) named
	WHERE named.id = ban_id;
UPDATE notices SET key = 'whois/' || substr(alert.key, 5)
	FROM (SELECT ban_id, key FROM notices WHERE ban_id > 0 GROUP BY ban_id) alert
	WHERE notices.key = 'whois/' || alert.ban_id;
CREATE INDEX notices_ban ON notices (ban_id) WHERE ban_id > 0;

-- What two bots with one voice tell each other of their messages.
ALTER TABLE notices ADD COLUMN owed TEXT NOT NULL DEFAULT '';   -- the attempt whose outcome the other is still to be told
ALTER TABLE notices ADD COLUMN sets TEXT NOT NULL DEFAULT '{}'; -- values that are kept once it is told: JSON
CREATE INDEX notices_owed ON notices (owed) WHERE owed <> '';

-- What has become of alerts of which the other bot has told before this one had read their bans.
CREATE TABLE heard (
	key      TEXT NOT NULL,
	platform TEXT NOT NULL,
	chat     TEXT NOT NULL,
	at       INTEGER NOT NULL,
	fate     TEXT NOT NULL,                -- JSON, see said.go
	PRIMARY KEY (key, platform, chat)
) STRICT, WITHOUT ROWID;
