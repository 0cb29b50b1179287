-- A hold is kept with the time at which it was set: a clock that was set back since would otherwise prolong it.
ALTER TABLE chats ADD COLUMN blocked_at INTEGER NOT NULL DEFAULT 0;      -- when blocked_until was set; 0: unknown
ALTER TABLE registries ADD COLUMN silent_from INTEGER NOT NULL DEFAULT 0; -- when silent_till was set; 0: unknown
ALTER TABLE addresses ADD COLUMN put_off_at INTEGER NOT NULL DEFAULT 0;   -- when ask_after was set; 0: unknown

-- The pace of a chat outlives a restart.
ALTER TABLE chats ADD COLUMN tried_ms INTEGER NOT NULL DEFAULT 0;        -- unix milliseconds of the last attempt

-- How many more attempts may carry the notice's picture; 0: it is sent in words.
ALTER TABLE notices ADD COLUMN uploads INTEGER NOT NULL DEFAULT 0;
UPDATE notices SET uploads = 2 WHERE sent_at IS NULL AND dead_at IS NULL
	AND iif(json_valid(body), json_type(body, '$.chart'), NULL) = 'object';
CREATE INDEX notices_pictures ON notices (platform, chat, id) WHERE uploads > 0 AND sent_at IS NULL AND dead_at IS NULL;
