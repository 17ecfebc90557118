-- SPDX-License-Identifier: PostgreSQL
-- :training samples in ten datasets, 1000 to a batch: a batch is the page that a loader asks for.

INSERT INTO training_data
SELECT i,
       1 + i / (:training / 10),
       i % (:training / 10) / 1000,
       ARRAY(SELECT sin(i * j * 0.1)::real FROM generate_series(1, 32) AS j),
       ARRAY[i % 10],
       CASE i % 10 WHEN 0 THEN 'pending' ELSE 'ready' END,
       'v' || i % 4,
       timestamptz '2024-01-01 00:00:00Z' + i * interval '1 s',
       timestamptz '2024-02-01 00:00:00Z' + i * interval '1 s'
FROM generate_series(0, :training - 1) AS i;

ANALYZE training_data;
