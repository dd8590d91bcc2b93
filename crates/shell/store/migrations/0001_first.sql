-- Every row has a sum over its other columns: a byte that a disk has changed is noticed.
-- Times are milliseconds since 1970-01-01T00:00:00Z. VMs are GUIDs in lower case without braces.

CREATE TABLE figures (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL,
  sum INTEGER NOT NULL
);

CREATE TABLE legs (
  vm_id TEXT NOT NULL,
  leg TEXT NOT NULL,
  memory TEXT NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (vm_id, leg)
);

CREATE TABLE holds (
  number INTEGER NOT NULL PRIMARY KEY,
  scope TEXT NOT NULL,
  target TEXT,
  set_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER,
  released INTEGER,
  released_by TEXT,
  sum INTEGER NOT NULL
);

CREATE TABLE acts (
  epoch INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  vm_id TEXT NOT NULL,
  leg TEXT NOT NULL,
  host TEXT NOT NULL,
  kind TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  settled INTEGER,
  outcome TEXT,
  detail TEXT,
  sum INTEGER NOT NULL,
  PRIMARY KEY (epoch, number)
);
CREATE INDEX acts_of_vm ON acts (vm_id, at);
CREATE INDEX acts_by_time ON acts (at);
CREATE INDEX acts_open ON acts (at) WHERE settled IS NULL;

CREATE TABLE events (
  at INTEGER NOT NULL,
  id INTEGER NOT NULL,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  host TEXT,
  vm TEXT,
  vm_id TEXT,
  leg TEXT,
  data TEXT NOT NULL,
  sum INTEGER NOT NULL
);
-- An event that is written again, after a write that nobody confirmed, is the same event.
CREATE UNIQUE INDEX events_by_time ON events (at, sum);
CREATE INDEX events_of_vm ON events (vm_id, at);

CREATE TABLE decisions (
  at INTEGER NOT NULL,
  vm_id TEXT NOT NULL,
  leg TEXT NOT NULL,
  verdict TEXT NOT NULL,
  reason TEXT NOT NULL,
  facts TEXT NOT NULL,
  sum INTEGER NOT NULL
);
CREATE UNIQUE INDEX decisions_by_time ON decisions (at, sum);
CREATE INDEX decisions_of_vm ON decisions (vm_id, at);

CREATE TABLE incidents (
  number INTEGER NOT NULL PRIMARY KEY,
  cause TEXT NOT NULL,
  opened INTEGER NOT NULL,
  closed INTEGER,
  sum INTEGER NOT NULL
);
CREATE INDEX incidents_by_end ON incidents (closed, opened);

CREATE TABLE members (
  incident INTEGER NOT NULL,
  vm_id TEXT NOT NULL,
  leg TEXT NOT NULL,
  joined INTEGER NOT NULL,
  left_at INTEGER,
  sum INTEGER NOT NULL,
  PRIMARY KEY (incident, vm_id, leg, joined)
);
