# SPDX-License-Identifier: PostgreSQL
"""psycopg2: simple protocol, literals in the text, BEGIN as a query of its own."""

import io
import select
import threading

import psycopg2
import psycopg2.extensions

from .base import APPLICATION, Connection, Driver, DriverError, as_rows, percent_placeholders


class Psycopg2Connection(Connection):
    def __init__(self, route):
        self._link = psycopg2.connect(host=route.host, port=route.port, user=route.user, password=route.password,
                                      dbname=route.dbname, options=route.options, application_name=APPLICATION)
        self._link.autocommit = True
        self._prepared = {}
        self._thread = None
        self._outcome = None

    def close(self):
        self._link.close()

    def _cursor(self, sql, params):
        cursor = self._link.cursor()
        try:
            cursor.execute(percent_placeholders(sql) if params else sql, params or None)
        except psycopg2.Error as error:
            raise DriverError(error.pgcode or str(error), str(error)) from None
        return cursor

    def query(self, sql, *params):
        return as_rows(self._cursor(sql, params).fetchall())

    def execute(self, sql, *params):
        return self._cursor(sql, params).rowcount

    def prepare(self, name, sql):
        self.execute("PREPARE %s AS %s" % (name, sql))

    def run(self, name, *params):
        return self.query("EXECUTE %s(%s)" % (name, ", ".join("$%d" % (i + 1) for i in range(len(params)))),
                          *params)

    def unprepare(self, name):
        self.execute("DEALLOCATE " + name)

    def begin(self):
        self._link.autocommit = False

    def commit(self):
        self._link.commit()
        self._link.autocommit = True

    def rollback(self):
        self._link.rollback()
        self._link.autocommit = True

    def copy_in(self, sql, data):
        try:
            self._link.cursor().copy_expert(sql, io.BytesIO(data))
        except psycopg2.Error as error:
            raise DriverError(error.pgcode, str(error)) from None

    def copy_out(self, sql):
        out = io.BytesIO()
        self._link.cursor().copy_expert(sql, out)
        return out.getvalue()

    def start(self, sql):
        def body():
            try:
                self.query(sql)
            except DriverError as error:
                self._outcome = error
        self._outcome = None
        self._thread = threading.Thread(target=body, daemon=True)
        self._thread.start()

    def cancel(self):
        self._link.cancel()

    def finish(self):
        self._thread.join(60)
        if self._outcome is not None:
            raise self._outcome

    def listen(self, channel):
        self.execute("LISTEN " + channel)

    def next_notification(self):
        self._link.poll()
        while not self._link.notifies:
            if not select.select([self._link], [], [], 10)[0]:
                raise DriverError("timeout", "no notification")
            self._link.poll()
        return self._link.notifies.pop(0).payload

    def large_object(self, data):
        self.begin()
        blob = self._link.lobject(0, "wb")
        blob.write(data)
        number = blob.oid
        blob.close()
        blob = self._link.lobject(number, "rb")
        found = blob.read()
        blob.unlink()
        self.commit()
        return found

    def batch(self, sql, rows):
        self._link.cursor().executemany(percent_placeholders(sql), rows)

    def read_by_cursor(self, sql, size):
        self.begin()
        cursor = self._link.cursor(name="portion")
        cursor.itersize = size
        cursor.execute(sql)
        rows = as_rows(cursor)
        cursor.close()
        self.commit()
        return rows

    def notices(self):
        return [text.split("NOTICE:")[1].strip() for text in self._link.notices]

    def pid(self):
        return self._link.get_backend_pid()


class Psycopg2Driver(Driver):
    name = "psycopg2"

    def connect(self):
        return Psycopg2Connection(self.route)
