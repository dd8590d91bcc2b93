PRAGMA application_id = 1383101043;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
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
INSERT INTO "acts" VALUES(1,1,20,'00000000-0000-0000-0000-000000000001','simple','hv01.lab.test','resume','policy','stopped_by_error',NULL,NULL,NULL,7868242667218707989);
CREATE TABLE decisions (
  at INTEGER NOT NULL,
  vm_id TEXT NOT NULL,
  leg TEXT NOT NULL,
  verdict TEXT NOT NULL,
  reason TEXT NOT NULL,
  facts TEXT NOT NULL,
  sum INTEGER NOT NULL
);
INSERT INTO "decisions" VALUES(10,'00000000-0000-0000-0000-000000000001','simple','resume','stopped_by_error','[{"fact":"state","value":"Error"}]',-4351322308994218338);
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
INSERT INTO "events" VALUES(30,4,'Information','Replication for vm-001 on hv01 was in suspended and resumed successfully.','hv01.lab.test','vm-001','00000000-0000-0000-0000-000000000001','simple','{"vm":"vm-001"}',-2258317482287465607);
CREATE TABLE figures (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL,
  sum INTEGER NOT NULL
);
INSERT INTO "figures" VALUES('schema',-2438447086156825045,-2349847330931161405);
INSERT INTO "figures" VALUES('epoch',41,4881653389427163173);
INSERT INTO "figures" VALUES('frozen',1,444440751580845517);
INSERT INTO "figures" VALUES('last_hold',7,9073228826601092328);
INSERT INTO "figures" VALUES('last_incident',3,-7519163423782816447);
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
INSERT INTO "holds" VALUES(6,'vm','sql-01','LAB\anna','an upgrade',1000,NULL,NULL,NULL,2027264729863552663);
INSERT INTO "holds" VALUES(7,'vm','sql-01','LAB\anna','an upgrade',1000,NULL,NULL,NULL,-5805464291884591586);
CREATE TABLE incidents (
  number INTEGER NOT NULL PRIMARY KEY,
  cause TEXT NOT NULL,
  opened INTEGER NOT NULL,
  closed INTEGER,
  sum INTEGER NOT NULL
);
INSERT INTO "incidents" VALUES(3,'host_restarted',10,NULL,5915745355916625957);
CREATE TABLE legs (
  vm_id TEXT NOT NULL,
  leg TEXT NOT NULL,
  memory TEXT NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (vm_id, leg)
);
INSERT INTO "legs" VALUES('00000000-0000-0000-0000-000000000001','simple','{"told":[]}',-3646899884816677624);
CREATE TABLE members (
  incident INTEGER NOT NULL,
  vm_id TEXT NOT NULL,
  leg TEXT NOT NULL,
  joined INTEGER NOT NULL,
  left_at INTEGER,
  sum INTEGER NOT NULL,
  PRIMARY KEY (incident, vm_id, leg, joined)
);
INSERT INTO "members" VALUES(3,'00000000-0000-0000-0000-000000000001','simple',10,NULL,3877979370642343173);
CREATE INDEX acts_of_vm ON acts (vm_id, at);
CREATE INDEX acts_by_time ON acts (at);
CREATE INDEX acts_open ON acts (at) WHERE settled IS NULL;
CREATE UNIQUE INDEX events_by_time ON events (at, sum);
CREATE INDEX events_of_vm ON events (vm_id, at);
CREATE UNIQUE INDEX decisions_by_time ON decisions (at, sum);
CREATE INDEX decisions_of_vm ON decisions (vm_id, at);
CREATE INDEX incidents_by_end ON incidents (closed, opened);
COMMIT;
