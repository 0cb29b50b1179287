-- What somebody has asked to be done to Fail2Ban from a chat or the command line, and what has come of it. It is asked
-- for, confirmed, tried once, and done; each is written before the next is begun.
CREATE TABLE acts (
	id           INTEGER PRIMARY KEY,
	token        TEXT NOT NULL,             -- random: names all acts of one question to whoever confirms it
	verb         TEXT NOT NULL,             -- unban, trust, untrust
	source       TEXT NOT NULL,             -- where: the name of a source
	jail         TEXT NOT NULL,             -- of unban
	address      TEXT NOT NULL,             -- or a network, of trust and untrust
	seconds      INTEGER NOT NULL,          -- of trust
	ban_id       INTEGER NOT NULL,          -- whose alert tells of it; 0: none
	platform     TEXT NOT NULL,             -- of the chat where it was asked for; '': the command line
	chat         TEXT NOT NULL,
	user         TEXT NOT NULL,             -- who asked, and alone may confirm
	name         TEXT NOT NULL,             -- what that person is called there, cleaned
	asked_at     INTEGER NOT NULL,
	confirmed_at INTEGER,
	tried_at     INTEGER,                   -- without done_at: it is under way, or the program has ended over it
	done_at      INTEGER,
	outcome      TEXT NOT NULL DEFAULT '',  -- ok, no: certainly not done, unclear: it may have been done
	answer       TEXT NOT NULL DEFAULT '',  -- what the helper has said
	late         INTEGER NOT NULL DEFAULT 0 -- 1: nobody waits for the answer, which is to be told; 2: it was told
) STRICT;
CREATE INDEX acts_token ON acts (token);
CREATE INDEX acts_open ON acts (source, id) WHERE confirmed_at IS NOT NULL AND done_at IS NULL;
CREATE INDEX acts_unconfirmed ON acts (asked_at) WHERE confirmed_at IS NULL;
CREATE INDEX acts_ban ON acts (ban_id) WHERE ban_id <> 0;
CREATE INDEX acts_address ON acts (address);
CREATE INDEX acts_late ON acts (token) WHERE late = 1;
CREATE INDEX acts_done ON acts (done_at) WHERE done_at IS NOT NULL;

-- Bans whose alerts say something else by now, since somebody has acted or marked.
CREATE TABLE retold (
	ban_id INTEGER PRIMARY KEY
) STRICT;

-- Whom a person takes the banned one for. It changes no verdict.
CREATE TABLE marks (
	ban_id   INTEGER PRIMARY KEY REFERENCES bans ON DELETE CASCADE,
	attacker INTEGER NOT NULL,              -- 0: a person
	name     TEXT NOT NULL,                 -- who says so
	at       INTEGER NOT NULL
) STRICT;
