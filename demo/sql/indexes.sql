-- SPDX-License-Identifier: PostgreSQL
-- The tutorial's indexes, section 3 step 2: this is "after", before any cache.

CREATE INDEX idx_features_user_timestamp ON features (user_id, timestamp DESC)
INCLUDE (feature_name, value, version);

CREATE INDEX idx_active_features ON features (user_id, feature_name)
WHERE is_active = true AND version = 'latest';

CREATE INDEX idx_features_covering ON features (user_id, timestamp DESC, feature_name)
INCLUDE (value, metadata);

CREATE INDEX idx_training_data_batch ON training_data (dataset_id, batch_id)
INCLUDE (features, labels, processed_at);

CREATE INDEX idx_training_time_series ON training_data (created_at DESC, dataset_id)
INCLUDE (sample_id, status);

-- Index-only scans need the visibility map.
VACUUM ANALYZE features;
VACUUM ANALYZE training_data;
