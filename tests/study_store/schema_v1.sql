-- The schema of version 1, as it was released.

CREATE TABLE study (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  open INTEGER NOT NULL DEFAULT 1 CHECK (open IN (0, 1)),
  elapsed_s REAL NOT NULL DEFAULT 0.0 CHECK (elapsed_s >= 0.0),
  created_ms INTEGER NOT NULL,
  definition_hash TEXT NOT NULL,
  settings TEXT NOT NULL CHECK (json_valid(settings)),
  definition TEXT NOT NULL CHECK (json_valid(definition))
) STRICT;

CREATE TABLE trial (
  study INTEGER NOT NULL REFERENCES study (id),
  number INTEGER NOT NULL CHECK (number >= 0),
  state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'complete', 'pruned', 'failed')),
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  revision INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  finished_ms INTEGER,
  seed INTEGER NOT NULL,
  proposed_by TEXT NOT NULL,
  failure TEXT CHECK (failure IN ('not-started', 'exit-code', 'signal', 'out-of-memory', 'timeout',
                                  'no-result', 'non-finite', 'lost', 'interrupted', 'told')),
  message TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL,
  configuration TEXT NOT NULL CHECK (json_valid(configuration)),
  PRIMARY KEY (study, number),
  CHECK ((finished_ms IS NULL) = (state IN ('waiting', 'running')))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX trial_by_revision ON trial (study, revision);
CREATE INDEX trial_by_state ON trial (study, state, number);

CREATE TABLE trial_value (
  study INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  name TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (study, trial, name),
  FOREIGN KEY (study, trial) REFERENCES trial (study, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
  study INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  state TEXT NOT NULL
    CHECK (state IN ('running', 'complete', 'pruned', 'failed', 'interrupted', 'lost')),
  worker TEXT NOT NULL,
  host TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  pid INTEGER NOT NULL,
  start_ticks INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  lease_until_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  failure TEXT CHECK (failure IN ('not-started', 'exit-code', 'signal', 'out-of-memory', 'timeout',
                                  'no-result', 'non-finite', 'lost', 'interrupted', 'told')),
  message TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (study, trial, number),
  FOREIGN KEY (study, trial) REFERENCES trial (study, number),
  CHECK ((ended_ms IS NULL) = (state = 'running'))
) STRICT, WITHOUT ROWID;
-- Unique: no trial runs twice at once, whatever the program does.
CREATE UNIQUE INDEX attempt_running ON attempt (study, trial) WHERE state = 'running';

CREATE TABLE progress (
  study INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (study, trial, attempt, step),
  FOREIGN KEY (study, trial, attempt) REFERENCES attempt (study, trial, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE progress_value (
  study INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  name TEXT NOT NULL,
  value REAL,  -- NULL: not a number
  PRIMARY KEY (study, trial, attempt, step, name),
  FOREIGN KEY (study, trial, attempt, step) REFERENCES progress (study, trial, attempt, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE provenance (
  id INTEGER PRIMARY KEY,
  class TEXT NOT NULL CHECK (class IN ('measured', 'attributed', 'calibrated', 'estimated')),
  source TEXT NOT NULL,
  boundary TEXT NOT NULL,
  attribution TEXT NOT NULL,
  idle_policy TEXT NOT NULL,
  host TEXT NOT NULL,
  common_uncertainty REAL NOT NULL,
  UNIQUE (source, class, boundary, attribution, idle_policy, host, common_uncertainty)
) STRICT;

CREATE TABLE energy (
  study INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  position INTEGER NOT NULL,
  phase TEXT NOT NULL,
  wall_s REAL NOT NULL,
  cpu_s REAL NOT NULL,
  joules REAL,  -- NULL: not metered; never 0 in its place
  coverage REAL CHECK (coverage > 0.0 AND coverage <= 1.0),
  own_uncertainty REAL,
  provenance INTEGER REFERENCES provenance (id),
  PRIMARY KEY (study, trial, attempt, position),
  FOREIGN KEY (study, trial, attempt) REFERENCES attempt (study, trial, number),
  CHECK ((joules IS NULL) = (provenance IS NULL)),
  CHECK ((joules IS NULL) = (coverage IS NULL)),
  CHECK ((joules IS NULL) = (own_uncertainty IS NULL))
) STRICT, WITHOUT ROWID;
-- What a study has spent is asked for all the time: this index alone answers it (with the phase in
-- it, since SQLite 3.40 checks that once more).
CREATE INDEX energy_total ON energy (study, provenance, joules, phase)
  WHERE phase = 'total' AND joules IS NOT NULL;

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  study INTEGER NOT NULL REFERENCES study (id),
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_study ON event (study, id);

CREATE VIEW trials_wide AS
SELECT
  study.name AS study,
  trial.number,
  trial.state,
  trial.configuration,
  (SELECT json_group_object(name, value) FROM trial_value AS v
    WHERE v.study = trial.study AND v.trial = trial.number) AS values_json,
  total.joules AS energy_j,
  provenance.class AS energy_class,
  total.coverage,
  total.wall_s,
  (SELECT sum(joules) FROM energy AS e
    WHERE e.study = trial.study AND e.trial = trial.number AND e.phase = 'total') AS spent_j,
  trial.attempts,
  trial.failure,
  trial.message,
  trial.proposed_by,
  trial.reason,
  datetime(trial.created_ms / 1000, 'unixepoch') AS created,
  datetime(trial.finished_ms / 1000, 'unixepoch') AS finished
FROM trial
JOIN study ON study.id = trial.study
LEFT JOIN energy AS total ON trial.state = 'complete' AND total.study = trial.study
  AND total.trial = trial.number AND total.attempt = trial.attempts AND total.phase = 'total'
LEFT JOIN provenance ON provenance.id = total.provenance;

CREATE VIEW front AS
WITH objective AS MATERIALIZED (
  SELECT study.id AS study, item.key AS position, item.value ->> '$.name' AS name,
    iif(item.value ->> '$.direction' = 'maximize', -1.0, 1.0) AS sign,
    item.value ->> '$.phase' IS NOT NULL AS metered
  FROM study, json_each(study.definition, '$.objectives') AS item
),
-- What is paid: the last metered objective, or the last one. The front runs from cheap to dear.
cost AS MATERIALIZED (
  SELECT study, coalesce(max(iif(metered, position, NULL)), max(position)) AS position
  FROM objective GROUP BY study
),
bound AS MATERIALIZED (
  SELECT study.id AS study, item.value ->> '$.name' AS name,
    item.value ->> '$.min' AS low, item.value ->> '$.max' AS high
  FROM study, json_each(study.definition, '$.constraints') AS item
),
feasible AS MATERIALIZED (
  SELECT t.study, t.number FROM trial AS t
  WHERE t.state = 'complete'
    AND NOT EXISTS (
      SELECT 1 FROM bound AS b
      LEFT JOIN trial_value AS v ON v.study = t.study AND v.trial = t.number AND v.name = b.name
      WHERE b.study = t.study AND (v.value IS NULL OR v.value < b.low OR v.value > b.high))
    AND NOT EXISTS (
      SELECT 1 FROM objective AS o
      LEFT JOIN trial_value AS v ON v.study = t.study AND v.trial = t.number AND v.name = o.name
      WHERE o.study = t.study AND v.value IS NULL)
),
score AS MATERIALIZED (
  SELECT f.study, f.number, o.position, o.sign * v.value AS score
  FROM feasible AS f
  JOIN objective AS o ON o.study = f.study
  JOIN trial_value AS v ON v.study = f.study AND v.trial = f.number AND v.name = o.name
)
SELECT wide.*
FROM feasible AS a
JOIN study ON study.id = a.study
JOIN trials_wide AS wide ON wide.study = study.name AND wide.number = a.number
JOIN cost ON cost.study = a.study
JOIN score AS paid ON paid.study = a.study AND paid.number = a.number
  AND paid.position = cost.position
WHERE NOT EXISTS (
  SELECT 1 FROM feasible AS b
  WHERE b.study = a.study
    AND 1 = (
      -- 1 if b is nowhere worse and somewhere better, else 0.
      SELECT max(sb.score < sa.score) AND NOT max(sb.score > sa.score)
      FROM score AS sa
      JOIN score AS sb ON sb.study = sa.study AND sb.number = b.number AND sb.position = sa.position
      WHERE sa.study = a.study AND sa.number = a.number))
ORDER BY a.study, paid.score, a.number;

PRAGMA application_id = 1785689452;
PRAGMA user_version = 1;
