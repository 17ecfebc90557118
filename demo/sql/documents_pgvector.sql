-- SPDX-License-Identifier: PostgreSQL
-- :documents texts with embeddings of 128 dimensions, where the server has pgvector.

-- The tutorial's vector_distance is a name for pgvector's operator.
CREATE FUNCTION vector_distance(vector, vector) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT $1 <-> $2 $$;

CREATE TABLE documents (
    id        integer PRIMARY KEY,
    content   text NOT NULL,
    metadata  jsonb NOT NULL,
    embedding vector(128) NOT NULL
);

INSERT INTO documents
SELECT i,
       'Document ' || i || ': ' || repeat(md5(i::text) || ' ', 4),
       jsonb_build_object('category', (ARRAY['ai', 'databases', 'operations', 'web', 'law'])[1 + i % 5]),
       ARRAY(SELECT (2 * (x - floor(x)) - 1)::real
             FROM generate_series(1, 128) AS j,
                  LATERAL (SELECT sin(i * 12.9898 + j * 78.233) * 43758.5453) AS hash (x))::vector
FROM generate_series(1, :documents) AS i;

ANALYZE documents;
