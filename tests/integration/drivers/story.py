# SPDX-License-Identifier: PostgreSQL
"""What every driver does, once directly and once through pgrecall, and what it must see.

Reads are repeated so that a cache answers them; writes stand between so that it must not answer too much.
"""

import hashlib
import time

from .base import DriverError

CURSOR_ROWS = 1000
COPY_ROWS = 1000
BIG = "0123456789abcdef" * 131072
OBJECT = bytes((i * 7 + 3) % 256 for i in range(100000))

SCHEMA_SQL = """
CREATE SCHEMA {schema};
CREATE TABLE {schema}.items (id int PRIMARY KEY, name text, note text, ready bool, score float8,
                             price numeric(8,2), tags text[], raw bytea);
INSERT INTO {schema}.items VALUES
    (1, 'one', NULL, true, 1.5, 9.90, '{{a,b}}', '\\x00ff'),
    (2, 'two', 'tab' || chr(9) || 'end', false, -0.25, 0.10, '{{}}', '\\x'),
    (3, 'three', 'ünï "q" \\', true, 0, 100, '{{c}}', '\\xdeadbeef');
CREATE TABLE {schema}.rows (id int PRIMARY KEY, v text);
CREATE TABLE {schema}.counter (id int PRIMARY KEY, n int);
INSERT INTO {schema}.counter VALUES (1, 0);
CREATE TABLE {schema}.stamps (at timestamptz);
INSERT INTO {schema}.stamps VALUES ('2024-03-10 12:00:00+00');
CREATE TABLE {schema}.big (id int PRIMARY KEY, body text);
INSERT INTO {schema}.big VALUES (1, repeat('0123456789abcdef', 131072));
CREATE TABLE {schema}.numbers (n int PRIMARY KEY);
INSERT INTO {schema}.numbers SELECT generate_series(1, 1000);
CREATE SCHEMA {schema}_b;
CREATE TABLE {schema}_b.items (id int PRIMARY KEY, name text);
INSERT INTO {schema}_b.items VALUES (1, 'other');
GRANT ALL ON SCHEMA {schema}, {schema}_b TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA {schema}, {schema}_b TO PUBLIC;
"""

OPERATIONS = []


def operation(expected):
    """Registers a part of the story with what it must give; it gets a Stage."""
    def register(function):
        OPERATIONS.append((function.__name__, function, expected))
        return function
    return register


class Stage:
    """A driver, its tables, and the connections that one operation opened."""

    def __init__(self, driver, schema):
        self.driver = driver
        self.schema = schema
        self._open = []

    def connect(self):
        connection = self.driver.connect()
        self._open.append(connection)
        return connection

    def sql(self, text):
        return text.replace("{s}", self.schema)

    def close(self):
        while self._open:
            self._open.pop().close()

    def value(self, connection, sql, *params):
        """The first column of the first row, or None."""
        rows = connection.query(self.sql(sql), *params)
        return rows[0][0] if rows else None

    def thrice(self, connection, sql, *params):
        return [self.value(connection, sql, *params) for _ in range(3)]


def sqlstate_of(function, *args):
    """The SQLSTATE that a call ends in, "none" when it ends well."""
    try:
        function(*args)
    except DriverError as error:
        return error.sqlstate
    return "none"


def play(driver, schema, only=None):
    """Plays all operations; returns {name: result}; a surprise is recorded, never raised."""
    transcript = {}
    for name, function, _ in OPERATIONS:
        if only and name not in only:
            continue
        stage = Stage(driver, schema)
        try:
            transcript[name] = function(stage)
            stage.close()
        except Exception as error:  # pylint: disable=broad-except
            transcript[name] = {"failed": "%s: %s" % (type(error).__name__, error)}
    return transcript


@operation([True, True, "drivers"])
def connect(stage):
    """Who and where am I; is the application's name PostgreSQL's to see."""
    route = stage.driver.route
    me, where = stage.connect().query("SELECT current_user::text, current_database()::text")[0]
    name = stage.value(stage.connect(), "SELECT current_setting('application_name')")
    return [me == route.user, where == route.dbname, name]


@operation(["54321ms", "one", "one", "one"])
def startup(stage):
    """The startup packet's options reach PostgreSQL, and unqualified names follow its search_path."""
    connection = stage.connect()
    timeout = stage.value(connection, "SELECT current_setting('statement_timeout')")
    return [timeout] + stage.thrice(connection, "SELECT name FROM items WHERE id = 1")


@operation(True)
def backend_pid(stage):
    """BackendKeyData carries the PID of the backend that answers."""
    connection = stage.connect()
    told = connection.pid()
    return told is None or told == int(stage.value(connection, "SELECT pg_backend_pid()"))


@operation([["1", "one", None], ["2", "two", "tab\tend"], ["3", "three", 'ünï "q" \\']] * 3 + [[]])
def read(stage):
    """Point reads with a parameter, each three times, and one of no row."""
    connection = stage.connect()
    sql = stage.sql("SELECT id, name, note FROM {s}.items WHERE id = $1")
    found = [connection.query(sql, number)[0] for _ in range(3) for number in (1, 2, 3)]
    return found + [connection.query(sql, 99)]


@operation([[["1", "t", "1.5", "9.90", "{a,b}", "\\x00ff"],
             ["2", "f", "-0.25", "0.10", "{}", "\\x"],
             ["3", "t", "0", "100.00", "{c}", "\\xdeadbeef"]]] * 3)
def types(stage):
    """Values of many types in the format that the driver asks for."""
    connection = stage.connect()
    sql = stage.sql("SELECT id, ready, score, price, tags, raw FROM {s}.items ORDER BY id")
    return [connection.query(sql) for _ in range(3)]


@operation([1, "ten", "ten", "ten", 1, "TEN", "TEN", "TEN", 1, None, None, None])
def write(stage):
    """A client reads its own writes, at once."""
    connection = stage.connect()
    seen = []
    for sql, params in (("INSERT INTO {s}.rows VALUES ($1, $2)", (10, "ten")),
                        ("UPDATE {s}.rows SET v = $1 WHERE id = $2", ("TEN", 10)),
                        ("DELETE FROM {s}.rows WHERE id = $1", (10,))):
        seen.append(connection.execute(stage.sql(sql), *params))
        seen += stage.thrice(connection, "SELECT v FROM {s}.rows WHERE id = $1", 10)
    return seen


@operation(["0"] * 3 + ["1"] * 3 + ["2"] * 3)
def other_writer(stage):
    """A client reads what another one wrote, at once."""
    reader, writer = stage.connect(), stage.connect()
    read_sql = "SELECT n FROM {s}.counter WHERE id = $1"
    seen = stage.thrice(reader, read_sql, 1)
    for _ in range(2):
        writer.execute(stage.sql("UPDATE {s}.counter SET n = n + 1 WHERE id = $1"), 1)
        seen += stage.thrice(reader, read_sql, 1)
    return seen


@operation(["one", "two", "three"] * 3 + ["26000", "3"])
def prepared(stage):
    """A named statement runs often; once closed it is gone, and its name is free."""
    connection = stage.connect()
    connection.prepare("by_id", stage.sql("SELECT name FROM {s}.items WHERE id = $1"))
    seen = [connection.run("by_id", number)[0][0] for _ in range(3) for number in (1, 2, 3)]
    connection.unprepare("by_id")
    seen.append(sqlstate_of(connection.run, "by_id", 1))
    connection.prepare("by_id", stage.sql("SELECT count(*)::int FROM {s}.items WHERE id < $1"))
    return seen + [connection.run("by_id", 50)[0][0]]


@operation([None, "a", "b", "a", None, "c", "c", "c"])
def transaction(stage):
    """Own writes are seen inside, savepoints undo, rollback undoes, commit keeps."""
    connection = stage.connect()
    read_sql = "SELECT v FROM {s}.rows WHERE id = 20"
    seen = [stage.value(connection, read_sql)]
    connection.begin()
    connection.execute(stage.sql("INSERT INTO {s}.rows VALUES (20, 'a')"))
    seen.append(stage.value(connection, read_sql))
    connection.execute("SAVEPOINT here")
    connection.execute(stage.sql("UPDATE {s}.rows SET v = 'b' WHERE id = 20"))
    seen.append(stage.value(connection, read_sql))
    connection.execute("ROLLBACK TO SAVEPOINT here")
    seen.append(stage.value(connection, read_sql))
    connection.rollback()
    seen.append(stage.value(connection, read_sql))
    connection.begin()
    connection.execute(stage.sql("INSERT INTO {s}.rows VALUES (20, 'c')"))
    connection.commit()
    return seen + stage.thrice(connection, read_sql)


@operation(["a", "a", "one", "a", "b", "b"])
def read_transaction(stage):
    """Transactions that only read, with another client's commit in between (READ COMMITTED sees it)."""
    connection, writer = stage.connect(), stage.connect()
    writer.execute(stage.sql("INSERT INTO {s}.rows VALUES (30, 'a')"))
    read_sql = "SELECT v FROM {s}.rows WHERE id = 30"
    seen = [stage.value(connection, read_sql)]
    connection.begin()
    seen.append(stage.value(connection, read_sql))
    seen.append(stage.value(connection, "SELECT name FROM {s}.items WHERE id = 1"))
    connection.commit()
    connection.begin()
    seen.append(stage.value(connection, read_sql))
    writer.execute(stage.sql("UPDATE {s}.rows SET v = 'b' WHERE id = 30"))
    seen.append(stage.value(connection, read_sql))
    connection.rollback()
    return seen + [stage.value(connection, read_sql)]


@operation(["42601", "23505", "42P01", "22012", "25P02", "one", "one"])
def error_in_the_middle(stage):
    """Errors keep their SQLSTATE; a failed transaction answers nothing, not even what is remembered."""
    connection = stage.connect()
    read_sql = "SELECT name FROM {s}.items WHERE id = 1"
    stage.thrice(connection, read_sql)
    seen = [sqlstate_of(connection.query, "SELEKT 1"),
            sqlstate_of(connection.execute, stage.sql("INSERT INTO {s}.items (id) VALUES ($1)"), 1),
            sqlstate_of(connection.query, stage.sql("SELECT * FROM {s}.nowhere"))]
    connection.begin()
    seen.append(sqlstate_of(connection.query, "SELECT 1 / 0"))
    seen.append(sqlstate_of(connection.query, stage.sql(read_sql)))
    connection.rollback()
    return seen + [stage.value(connection, read_sql), stage.value(stage.connect(), read_sql)]


@operation(["0", "1000", "1000", "1000", "22P02", "1000", "2000"])
def copy_in(stage):
    """COPY FROM STDIN is a write, whole or, with bad data, not at all."""
    connection = stage.connect()
    count_sql = "SELECT count(*)::int FROM {s}.rows WHERE id >= 1000"
    copy_sql = stage.sql("COPY {s}.rows FROM STDIN")
    seen = [stage.value(connection, count_sql)]
    connection.copy_in(copy_sql, b"".join(b"%d\tv%d\n" % (i, i) for i in range(1000, 1000 + COPY_ROWS)))
    seen += stage.thrice(connection, count_sql)
    seen.append(sqlstate_of(connection.copy_in, copy_sql, b"2000\tx\nnumber?\ty\n"))
    seen.append(stage.value(connection, count_sql))
    stage.connect().copy_in(copy_sql, b"".join(b"%d\tv%d\n" % (i, i) for i in range(2000, 3000)))
    return seen + [stage.value(connection, count_sql)]


@operation([[1000 * len("1\t0123456789abcdef\n") + 1893, "ok"]] * 2)
def copy_out(stage):
    """COPY TO STDOUT arrives whole, twice the same."""
    connection = stage.connect()
    sql = stage.sql("COPY (SELECT n, '0123456789abcdef' FROM {s}.numbers ORDER BY n) TO STDOUT")
    expected = b"".join(b"%d\t0123456789abcdef\n" % n for n in range(1, 1001))
    return [[len(data), "ok" if data == expected else "differs"]
            for data in (connection.copy_out(sql) for _ in range(2))]


@operation(["57014", "one"])
def cancel(stage):
    """A cancel request ends the statement, and only that."""
    connection, watcher = stage.connect(), stage.connect()
    connection.start(stage.sql("SELECT pg_sleep(40) /* {s} */"))
    asleep = ("SELECT count(*)::int FROM pg_stat_activity "
              "WHERE wait_event = 'PgSleep' AND query LIKE '%pg_sleep(40) /* {s} */%'")
    deadline = time.monotonic() + 20
    while stage.value(watcher, asleep) != "1" and time.monotonic() < deadline:
        time.sleep(0.02)
    connection.cancel()
    return [sqlstate_of(connection.finish), stage.value(connection, "SELECT name FROM {s}.items WHERE id = 1")]


@operation(["hello", "in a transaction"])
def notify(stage):
    """Notifications of another session arrive, also between reads that are answered from memory."""
    listener, speaker = stage.connect(), stage.connect()
    listener.listen(stage.schema)
    speaker.query(stage.sql("SELECT pg_notify('{s}', 'hello')::text"))
    heard = [listener.next_notification()]
    stage.thrice(listener, "SELECT name FROM {s}.items WHERE id = 1")
    speaker.begin()
    speaker.query(stage.sql("SELECT pg_notify('{s}', 'in a transaction')::text"))
    speaker.commit()
    return heard + [listener.next_notification()]


@operation([len(OBJECT), hashlib.md5(OBJECT).hexdigest()])
def large_object(stage):
    """A large object goes in and comes out as it was."""
    data = stage.connect().large_object(OBJECT)
    return [len(data), hashlib.md5(data).hexdigest()]


@operation(["0", "100", "100", "100"])
def batch(stage):
    """Many writes sent the driver's fast way (pipelined, batched) are writes like others."""
    connection = stage.connect()
    count_sql = "SELECT count(*)::int FROM {s}.rows WHERE id BETWEEN 500 AND 600"
    seen = [stage.value(connection, count_sql)]
    connection.batch(stage.sql("INSERT INTO {s}.rows VALUES ($1, $2)"),
                     [(500 + i, "batch %d" % i) for i in range(100)])
    return seen + stage.thrice(connection, count_sql)


@operation([[CURSOR_ROWS, CURSOR_ROWS * (CURSOR_ROWS + 1) // 2]] * 2)
def cursor(stage):
    """A result fetched in portions has each row once."""
    connection = stage.connect()
    sql = stage.sql("SELECT n FROM {s}.numbers ORDER BY n")
    results = [connection.read_by_cursor(sql, 90) for _ in range(2)]
    return [[len(rows), sum(int(row[0]) for row in rows)] for rows in results]


@operation([True, True, True])
def large_value(stage):
    """A value of 2 MB, three times."""
    connection = stage.connect()
    return [value == BIG for value in stage.thrice(connection, "SELECT body FROM {s}.big WHERE id = 1")]


@operation(["2024-03-10 12:00:00+00"] * 3 + ["2024-03-10 21:00:00+09"] * 3
           + ["2024-03-10 05:00:00-07", "2024-03-10 21:00:00+09"] + ["one"] + ["other"] * 3 + ["one"])
def settings(stage):
    """The same text under other settings is another question: TimeZone, SET LOCAL, search_path."""
    connection = stage.connect()
    read_sql = "SELECT at::text FROM {s}.stamps"
    connection.execute("SET TIME ZONE 'UTC'")
    seen = stage.thrice(connection, read_sql)
    connection.execute("SET TIME ZONE 'Asia/Tokyo'")
    seen += stage.thrice(connection, read_sql)
    connection.begin()
    connection.execute("SET LOCAL TIME ZONE 'America/Los_Angeles'")
    seen.append(stage.value(connection, read_sql))
    connection.commit()
    seen.append(stage.value(connection, read_sql))
    name_sql = "SELECT name FROM items WHERE id = 1"
    connection.execute(stage.sql("SET search_path = {s}"))
    seen.append(stage.value(connection, name_sql))
    connection.execute(stage.sql("SET search_path = {s}_b"))
    seen += stage.thrice(connection, name_sql)
    connection.execute("RESET search_path")
    connection.execute(stage.sql("SET search_path = {s}"))
    return seen + [stage.value(connection, name_sql)]


@operation(["first", "second"])
def notice(stage):
    """Notices reach the client."""
    connection = stage.connect()
    connection.execute("DO $$ BEGIN RAISE NOTICE 'first'; RAISE NOTICE 'second'; END $$")
    return connection.notices()
