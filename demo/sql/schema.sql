-- SPDX-License-Identifier: PostgreSQL
-- The tutorial's tables, without an index beyond the primary keys: this is "before".

CREATE TABLE features (
    id           bigint PRIMARY KEY,
    user_id      integer NOT NULL,
    feature_name text NOT NULL,
    value        double precision NOT NULL,
    version      text NOT NULL,
    is_active    boolean NOT NULL,
    metadata     jsonb NOT NULL,
    timestamp    timestamptz NOT NULL
);

CREATE TABLE training_data (
    sample_id     bigint PRIMARY KEY,
    dataset_id    integer NOT NULL,
    batch_id      integer NOT NULL,
    features      real[] NOT NULL,
    labels        integer[] NOT NULL,
    status        text NOT NULL,
    model_version text NOT NULL,
    created_at    timestamptz NOT NULL,
    processed_at  timestamptz
);

CREATE TABLE models (
    id         integer PRIMARY KEY,
    name       text NOT NULL,
    version    text NOT NULL,
    stage      text NOT NULL,
    endpoint   text NOT NULL,
    parameters jsonb NOT NULL
);

CREATE TABLE performance_metrics (
    id                SERIAL PRIMARY KEY,
    timestamp         TIMESTAMPTZ DEFAULT NOW(),
    query_type        VARCHAR(50),
    execution_time_ms FLOAT,
    rows_returned     INTEGER,
    cpu_usage_percent FLOAT,
    memory_usage_mb   FLOAT,
    io_operations     INTEGER
);
