-- When a server that refuses began to do so; 0: it answers.
ALTER TABLE registries ADD COLUMN refused_since INTEGER NOT NULL DEFAULT 0;
