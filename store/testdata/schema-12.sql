-- What a database of schema 11 holds after the migration of testdata/schema-10.sql: every table, and bans and notices in every
-- state they can be in. Addresses are of documentation ranges, names are invented.

INSERT INTO meta (key, value) VALUES
	('health/source/web2', '2026-11-22T10:00:00Z'),
	('history/told at', '2026-11-20T00:00:05Z'),
	('store/born', '1793900000'),
	('store/friends', '{"countries":["BE"],"networks":["203.0.113.0/24"]}');

INSERT INTO sources (id, name, generation, head, tail, offset, size, modified, line, skipping, columns, last_time, lines, bans, latest, rejects, gaps, last_line_at, failing_since, error) VALUES
	(1, 'web1', 2, x'01020304', x'0a0b0c0d', 5000, 5000, 1795348800000000000, 60, 0, 'DATE,TIME,IP_ADDRESS,JAIL,FAILURES,BANTIME,BANCOUNT,EPOCH,MATCHES', 1795348800, 61, 7, 1795348800, 2, 1, 1795348801, 0, ''),
	(2, 'web2', 0, x'05060708', x'0e0f', 300, 300, 1795262400000000000, 11, 0, 'DATE,TIME,IP_ADDRESS', 1795262400, 11, 3, 1795262400, 0, 0, 1795262401, 1795340000, 'no such file'),
	(3, 'web3', 0, NULL, NULL, 0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, 0, 0, 1795340000, 'permission denied');

INSERT INTO reject_counts (source_id, reason, lines) VALUES
	(1, 'bad address', 1),
	(1, 'line too long', 1);

INSERT INTO rejects (id, source_id, line, reason, at) VALUES
	(1, 1, 17, 'bad address', 1795300000),
	(2, 1, 40, 'line too long', 1795310000);

INSERT INTO line_counts (source_id, kind, lines) VALUES
	(1, 'not told apart', 52),
	(2, 'not told apart', 8);

INSERT INTO gap_counts (source_id, reason, files) VALUES
	(1, 'not told apart', 1);

INSERT INTO jails (id, name) VALUES
	(1, 'sshd'),
	(2, 'nginx-http-auth'),
	(3, '');

INSERT INTO networks (id, prefix, bits, country, name, server, answered_at, parent) VALUES
	(1, x'cb007100', 24, 'BE', 'EXAMPLE-NET', 'whois.ripe.net', 1795260000, NULL),
	(2, x'cb007140', 26, 'NL', 'EXAMPLE-PART', 'whois.ripe.net', 1795260000, 1),
	(3, x'20010db8000000000000000000000000', 32, '', 'EXAMPLE-SIX', 'whois.arin.net', 1795260000, NULL);

INSERT INTO blocks (prefix, server) VALUES
	('2001:c00::/23', 'whois.apnic.net'),
	('203.0.0.0/8', 'whois.apnic.net');

INSERT INTO registries (server, spaced_ms, day, asked, silent_till, troubles, refusals, trouble, refused_since) VALUES
	('whois.arin.net', 1795260009000, 20778, 1, 1795350000, 2, 1, 'query limit reached', 0),
	('whois.ripe.net', 1795260003000, 20778, 3, 0, 0, 0, '', 0);

INSERT INTO addresses (id, text, public, table_country, whois_country, network_id, whois_at, server, ask_after, asks, friendly) VALUES
	(1, '203.0.113.7', 1, 'BE', 'BE', 1, 1795260000, 'whois.ripe.net', 0, 0, 1),
	(2, '203.0.113.70', 1, 'BE', 'NL', 2, 1795260000, 'whois.ripe.net', 0, 0, 1),
	(3, '198.51.100.9', 1, 'US', NULL, NULL, NULL, '198.0.0.0/8', 0, 0, 0),
	(4, '2001:db8::5', 1, '', '', 3, 1795260000, 'whois.arin.net', 0, 0, 0),
	(5, '192.0.2.1', 1, 'DE', NULL, NULL, NULL, '192.0.0.0/8', 1795360000, 2, 0),
	(6, '10.0.0.1', 0, '', NULL, NULL, NULL, '', 0, 0, 0),
	(7, 'host.example.org', NULL, NULL, NULL, NULL, NULL, '', 0, 0, 0);

INSERT INTO bans (id, source_id, time, address_id, jail_id, nth, generation, state, failures, ban_time, ban_count, matches) VALUES
	(1, 1, 1794000000, 1, 1, 0, 0, 0, 5, 3600, 1, 'Failed password for anna from 203.0.113.7 port 22 ssh2'),
	(2, 1, 1794000060, 3, 1, 0, 0, 0, 5, 3600, 1, ''),
	(3, 1, 1794000120, 4, 2, 0, 0, 0, 3, -1, 2, ''),
	(4, 1, 1795348000, 1, 1, 0, 2, 2, 5, 7200, 2, 'Failed password for anna from 203.0.113.7 port 22 ssh2'),
	(5, 1, 1795348100, 2, 2, 0, 2, 2, 4, 600, 1, ''),
	(6, 1, 1795348700, 5, 1, 0, 2, 3, 5, 3600, 1, ''),
	(7, 1, 1795348800, 3, 1, 0, 2, 1, 5, 3600, 2, ''),
	(8, 2, 1795262400, 6, 3, 1, 0, 2, 0, 0, 0, ''),
	(9, 2, 1795262400, 6, 3, 2, 0, 2, 0, 0, 0, ''),
	(10, 2, 1795262400, 7, 3, 1, 0, 1, 0, 0, 0, '');

INSERT INTO jail_hours (hour, source_id, jail_id, bans, friendly, endless, addresses, friends) VALUES
	(1793998800, 1, 1, 2, 1, 0, x'0102', x'01'),
	(1793998800, 1, 2, 1, 0, 0, x'04', x''),
	(1795262400, 2, 3, 3, 0, 3, x'0601', x''),
	(1795345200, 1, 1, 2, 1, 0, x'0104', x'01'),
	(1795345200, 1, 2, 1, 1, 0, x'02', x'02'),
	(1795348800, 1, 1, 1, 0, 0, x'03', x'');

INSERT INTO country_days (day, country, bans, friendly, addresses) VALUES
	(1793923200, '', 1, 0, x'04'),
	(1793923200, 'BE', 1, 1, x'01'),
	(1793923200, 'US', 1, 0, x'03'),
	(1795219200, '', 3, 0, x'0601'),
	(1795305600, 'BE', 1, 1, x'01'),
	(1795305600, 'DE', 1, 0, x'05'),
	(1795305600, 'NL', 1, 1, x'02'),
	(1795305600, 'US', 1, 0, x'03');

INSERT INTO untold (id, up_to, bans, friendly, first, last) VALUES
	(1, 3, 1, 0, 1794000120, 1794000120);

INSERT INTO notices (id, key, platform, chat, body, created_at, claimed_at, nonce, attempts, maybe_sent, alone, sent_at, dead_at, error) VALUES
	(1, 'history/3', 'telegram', '-1001', '{"text":[{"text":"sent"}]}', 1794000200, NULL, 'NONCE1', 1, 0, 0, 1794000201, NULL, ''),
	(2, 'ban/4', 'telegram', '-1001', '{"text":[{"text":"waits"}]}', 1795348001, NULL, '', 0, 0, 0, NULL, NULL, ''),
	(3, 'ban/5', 'telegram', '-1001', '{"text":[{"text":"may have arrived"}]}', 1795348101, NULL, 'NONCE3', 1, 1, 0, NULL, NULL, 'no answer'),
	(4, 'ban/4', 'discord', '300000000000000001', '{"text":[{"text":"under way"}]}', 1795348001, 1795348002, 'NONCE4', 1, 0, 0, NULL, NULL, ''),
	(5, 'ban/5', 'discord', '300000000000000001', '{"text":[{"text":"alone"}]}', 1795348101, NULL, '', 1, 0, 1, NULL, NULL, 'rejected'),
	(6, 'digest/2026-11-22', 'discord', '300000000000000001', '{"text":[{"text":"refused"}]}', 1795348102, NULL, '', 2, 0, 0, NULL, 1795348103, 'rejected');

INSERT INTO chats (platform, chat, blocked_until, moved_to, sent_at, failures, failing_since, error) VALUES
	('discord', '300000000000000001', 0, '', 1795340000, 0, 0, ''),
	('telegram', '', 1795348200, '', 0, 0, 0, ''),
	('telegram', '-1001', 0, '-100200', 1794000201, 1, 1795348101, 'no answer');

INSERT INTO packs (id, unit, start, rows) VALUES
	(1, 3600, 2077, x''),
	(2, 86400, 2077, x'');

INSERT INTO followups (ban_id, address_id, told_at, answered) VALUES
	(5, 2, 1795348101, 0);

UPDATE bans SET pace = '130 30 60 40' WHERE id = 1;

INSERT INTO rules (source, jail, setting, at, value) VALUES
	('web1', 'sshd', 'bantime', 1795300000, -1),
	('web1', 'sshd', 'findtime', 1795300000, 600),
	('web1', 'sshd', 'maxretry', 1795300000, 5),
	('web1', 'sshd', 'maxretry', 1795340000, 3);

INSERT INTO acts (id, token, verb, source, jail, address, seconds, ban_id, platform, chat, user, name, asked_at, confirmed_at, tried_at, done_at, outcome, answer, late) VALUES
	(1, 'abcdefgh', 'unban', 'web1', 'sshd', '203.0.113.7', 0, 1, 'telegram', '-1001', '7', 'Ann', 1795348900, 1795348905, 1795348905, 1795348906, 'ok', 'lifted', 0),
	(2, 'ijklmnop', 'trust', 'web1', '', '203.0.113.7', 2592000, 1, 'telegram', '-1001', '7', 'Ann', 1795348910, 1795348915, 1795348915, NULL, '', '', 1),
	(3, 'qrstuvwx', 'untrust', 'web2', '', '203.0.113.0/24', 0, 0, '', '', 'root', 'root', 1795348920, NULL, NULL, NULL, '', '', 0);

INSERT INTO retold (ban_id) VALUES
	(1);

INSERT INTO marks (ban_id, attacker, name, at) VALUES
	(1, 0, 'Ann', 1795348930),
	(2, 1, 'Ann', 1795348940);

INSERT INTO meta (key, value) VALUES
	('logins/key', '000102030405060708090a0b0c0d0e0f');

INSERT INTO logins (network, hour, host, service, name, first, last) VALUES
	(x'cb007107', 1795345200, x'', 'sshd', x'0102030405060708', 1795345300, 1795348000),
	(x'20010db800010002', 1795345200, x'aaaa000000000001', 'imap', x'', 1795345200, 1795345200);

INSERT INTO login_sources (id, name, generation, head, tail, offset, size, modified, line, last_time, lines, logins, latest, rejects, gaps, last_line_at, failing_since, error) VALUES
	(1, 'web1', 1, x'01020304', x'0a0b0c0d', 700, 700, 1795348800000000000, 9, 1795348000, 9, 3, 1795348000, 1, 0, 1795348801, 0, '');

INSERT INTO login_lines (source_id, kind, lines) VALUES
	(1, 'no login', 5);

UPDATE addresses SET logged_in = 1, friendly = 1 WHERE id = 1;

INSERT INTO system_days (day, systems) VALUES
	(1793923200, x'00030103010201'),
	(1795219200, x'000300020601'),
	(1795305600, x'0004020401010102');

INSERT INTO outgoing (id, source_id, ban_id, fact) VALUES
	(1, 1, 2, '');
