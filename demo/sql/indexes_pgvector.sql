-- SPDX-License-Identifier: PostgreSQL
-- The tutorial's HNSW index, section 2 pattern 2. Its text says vector_cosine_ops, but its query
-- orders by <->, which only vector_l2_ops serves.

CREATE INDEX idx_embeddings ON documents USING hnsw (embedding vector_l2_ops)
WITH (m = 16, ef_construction = 200);
