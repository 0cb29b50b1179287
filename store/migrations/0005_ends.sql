-- When bans end, where a log says so later.

-- 1: a later line may say when the ban ends. As long as none has, ban_time is 0 and the ban is in force, if the source
-- has ends; ban_time may also be what the ban was prolonged to.
ALTER TABLE bans ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
CREATE INDEX bans_open ON bans (source_id, jail_id, address_id, time, ban_time) WHERE open = 1;

-- 1: the source has said of some ban when it ends.
ALTER TABLE sources ADD COLUMN ends INTEGER NOT NULL DEFAULT 0;
