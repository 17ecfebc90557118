-- SPDX-License-Identifier: PostgreSQL
-- :features rows, 200 for each user, one every 31 seconds of 2024 over all users. Made by formulas,
-- so that every run has the same data.

INSERT INTO features
SELECT i,
       1 + i % (:features / 200),
       'feature_' || lpad((i / (:features / 200))::text, 3, '0'),
       round((100 * (sin(i * 12.9898) + 1))::numeric, 4)::float8,
       CASE WHEN i % 3 = 0 THEN 'latest' ELSE 'v' || i % 3 END,
       i % 4 <> 0,
       jsonb_build_object('source', 'stream', 'batch', i % 97),
       timestamptz '2024-01-01 00:00:00Z' + i * (interval '31000000 s' / :features)
FROM generate_series(0, :features - 1) AS i;

INSERT INTO models
SELECT i, 'model_' || lpad((1 + i % 20)::text, 2, '0'), 'v' || 1 + i / 20,
       CASE i / 20 WHEN 2 THEN 'production' ELSE 'archived' END,
       'http://models.internal/' || i,
       jsonb_build_object('threshold', 0.5, 'layers', i % 12, 'window', '30d')
FROM generate_series(0, 59) AS i;

ANALYZE features;
ANALYZE models;
