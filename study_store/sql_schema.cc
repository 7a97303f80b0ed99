#include "study_store/sql_schema.h"

namespace joulefront {

// Large columns stand last, so that reading the others does not walk through their pages. Child
// tables are clustered by (study, trial, ...): one ordered scan of each loads a study.
const char* const kTables = R"sql(
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
  failure TEXT CHECK (failure IN ('not-started', 'exit-code', 'signal', 'out-of-memory', 'timeout', 'energy-limit',
                                  'no-result', 'non-finite', 'lost', 'interrupted', 'told', 'stalled')),
  message TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL,
  configuration TEXT NOT NULL CHECK (json_valid(configuration)),
  continues INTEGER CHECK (continues < number),  -- the trial whose training it goes on with
  foreseen_j REAL CHECK (foreseen_j > 0.0),      -- reserved until it has finished; NULL: not foreseen
  basis TEXT CHECK (basis IS NULL OR json_valid(basis)),  -- what it was proposed from
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
  failure TEXT CHECK (failure IN ('not-started', 'exit-code', 'signal', 'out-of-memory', 'timeout', 'energy-limit',
                                  'no-result', 'non-finite', 'lost', 'interrupted', 'told', 'stalled')),
  message TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL DEFAULT 'trial' CHECK (kind IN ('trial', 'confirmation')),
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
  joules REAL,  -- of the attempt until then; NULL: not metered
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
  class TEXT NOT NULL CHECK (class IN ('measured', 'attributed', 'calibrated', 'estimated', 'replayed')),
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
  -- Of shared counters: measured_j = joules + others_j + idle_of_others_j; idle_j is part of joules.
  measured_j REAL,
  idle_j REAL,
  others_j REAL,
  idle_of_others_j REAL,
  residual_j REAL,  -- what CPU time beyond the host's would charge more
  domains TEXT CHECK (domains IS NULL OR json_valid(domains)),  -- [[domain, boundary, joules, coverage], ...]
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

CREATE TABLE confirmed_value (
  study INTEGER NOT NULL,
  trial INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  name TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (study, trial, attempt, name),
  FOREIGN KEY (study, trial, attempt) REFERENCES attempt (study, trial, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE search_energy (
  study INTEGER NOT NULL REFERENCES study (id),
  provenance INTEGER NOT NULL REFERENCES provenance (id),
  wall_s REAL NOT NULL,
  cpu_s REAL NOT NULL,
  joules REAL NOT NULL,
  coverage REAL NOT NULL CHECK (coverage > 0.0 AND coverage <= 1.0),
  own_uncertainty REAL NOT NULL,
  PRIMARY KEY (study, provenance)
) STRICT, WITHOUT ROWID;
CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  study INTEGER NOT NULL REFERENCES study (id),
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_study ON event (study, id);
)sql";

const char* const kTrialsWide = R"sql(
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
  total.provenance AS comparability_key,
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
LEFT JOIN energy AS total ON trial.state IN ('complete', 'pruned') AND total.study = trial.study
  AND total.trial = trial.number AND total.attempt = trial.attempts AND total.phase = 'total'
LEFT JOIN provenance ON provenance.id = total.provenance;
)sql";

}  // namespace joulefront
