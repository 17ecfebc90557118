-- What the differential test reads and writes; every row starts at version 1.
GRANT CREATE ON SCHEMA public TO u_trust;
SET ROLE u_trust;
CREATE TABLE h_a (id int PRIMARY KEY, version int NOT NULL, pad text DEFAULT 'x');
CREATE TABLE h_b (id int PRIMARY KEY, version int NOT NULL, pad text DEFAULT 'x');
CREATE VIEW h_same AS SELECT id, version, pad FROM h_a;
CREATE VIEW h_both AS SELECT h_a.id, h_a.version AS a, h_b.version AS b FROM h_a JOIN h_b ON h_a.id = h_b.id;

CREATE TABLE h_parent (code text PRIMARY KEY, id int UNIQUE NOT NULL, version int NOT NULL);
CREATE TABLE h_child (id int PRIMARY KEY,
                      code text NOT NULL REFERENCES h_parent ON UPDATE CASCADE ON DELETE CASCADE);

CREATE TABLE h_audited (id int PRIMARY KEY, version int NOT NULL);
CREATE TABLE h_copy (id int PRIMARY KEY, version int NOT NULL);
CREATE FUNCTION h_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM h_copy WHERE id = OLD.id;
        RETURN OLD;
    END IF;
    INSERT INTO h_copy VALUES (NEW.id, NEW.version) ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version;
    RETURN NEW;
END $$;
CREATE TRIGGER h_audit AFTER INSERT OR UPDATE OR DELETE ON h_audited
    FOR EACH ROW EXECUTE FUNCTION h_audit();

CREATE TABLE h_parts (id int NOT NULL, version int NOT NULL, parity int NOT NULL) PARTITION BY LIST (parity);
CREATE TABLE h_parts_0 PARTITION OF h_parts FOR VALUES IN (0);
CREATE TABLE h_parts_1 PARTITION OF h_parts FOR VALUES IN (1);

CREATE TABLE h_awake (id int PRIMARY KEY, version int NOT NULL); -- is the cache awake yet?
CREATE TABLE h_counter (id int PRIMARY KEY, version int NOT NULL);

CREATE FUNCTION h_touch(v int, k int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
    UPDATE h_a SET version = v WHERE id = k;
    RETURN v;
END $$;

INSERT INTO h_a SELECT i, 1 FROM generate_series(0, 5) i;
INSERT INTO h_b SELECT i, 1 FROM generate_series(0, 5) i;
INSERT INTO h_parent SELECT 'f' || i || '-1', i, 1 FROM generate_series(0, 5) i;
INSERT INTO h_child SELECT i, 'f' || i || '-1' FROM generate_series(0, 5) i;
INSERT INTO h_audited SELECT i, 1 FROM generate_series(0, 5) i;
INSERT INTO h_parts SELECT i, 1, i % 2 FROM generate_series(0, 5) i;
INSERT INTO h_counter SELECT i, 1 FROM generate_series(0, 5) i;
INSERT INTO h_awake VALUES (1, 1);
