-- Alerts do not wait for whois: what it says later is added to the messages that the chats have.

-- What alerts that are told together have in common: jail, server and country. '' is told by itself.
ALTER TABLE notices ADD COLUMN topic TEXT NOT NULL DEFAULT '';

-- The lowest ban id of the history that has not been reported yet.
ALTER TABLE untold ADD COLUMN down_to INTEGER NOT NULL DEFAULT 0;

-- The platform's id of the message in which the notice was sent, '' if unknown.
ALTER TABLE notices ADD COLUMN message TEXT NOT NULL DEFAULT '';

-- How often the body has changed, and how much of that the chat has seen or will not see any more.
ALTER TABLE notices ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notices ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notices ADD COLUMN edits INTEGER NOT NULL DEFAULT 0; -- attempts to show a change
CREATE INDEX notices_message ON notices (message) WHERE message <> '';
CREATE INDEX notices_revised ON notices (platform, chat, id) WHERE shown < revision;

-- Bans that were alerted before whois had answered about their addresses.
CREATE TABLE followups (
	ban_id     INTEGER PRIMARY KEY,
	address_id INTEGER NOT NULL,
	told_at    INTEGER NOT NULL,
	answered   INTEGER NOT NULL            -- 1: whois has answered since
) STRICT;
CREATE INDEX followups_address ON followups (address_id) WHERE answered = 0;
CREATE INDEX followups_answered ON followups (ban_id) WHERE answered = 1;
CREATE INDEX followups_told ON followups (told_at);
