-- SPDX-License-Identifier: PostgreSQL
-- :documents texts with embeddings of 128 dimensions, where the server has no pgvector.

-- The tutorial's vector_distance. IMMUTABLE is true: it depends on its arguments only. PARALLEL SAFE
-- lets PostgreSQL use both cores, so that "before" is not made slow on purpose.
CREATE FUNCTION vector_distance(real[], real[]) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS $$ SELECT sqrt(sum((x - y) * (x - y))) FROM unnest($1, $2) AS pair (x, y) $$;

CREATE TABLE documents (
    id        integer PRIMARY KEY,
    content   text NOT NULL,
    metadata  jsonb NOT NULL,
    embedding real[] NOT NULL
);

INSERT INTO documents
SELECT i,
       'Document ' || i || ': ' || repeat(md5(i::text) || ' ', 4),
       jsonb_build_object('category', (ARRAY['ai', 'databases', 'operations', 'web', 'law'])[1 + i % 5]),
       -- Scattered by a sine with a large factor, which repeats itself nowhere.
       ARRAY(SELECT (2 * (x - floor(x)) - 1)::real
             FROM generate_series(1, 128) AS j,
                  LATERAL (SELECT sin(i * 12.9898 + j * 78.233) * 43758.5453) AS hash (x))
FROM generate_series(1, :documents) AS i;

ANALYZE documents;
