# SPDX-License-Identifier: PostgreSQL
"""psycopg 3, blocking and asynchronous: extended protocol when there are parameters, pipelines for many."""

import asyncio
import threading

import psycopg

from .base import APPLICATION, Connection, Driver, DriverError, as_rows, percent_placeholders


def _arguments(route):
    return {"host": route.host, "port": route.port, "user": route.user, "password": route.password,
            "dbname": route.dbname, "options": route.options, "application_name": APPLICATION}


def _failure(error):
    return DriverError(error.sqlstate or str(error), str(error))


class Psycopg3Connection(Connection):
    def __init__(self, route):
        self._link = psycopg.connect(**_arguments(route), autocommit=True)
        self._notices = []
        self._link.add_notice_handler(lambda diagnostic: self._notices.append(diagnostic.message_primary))
        self._prepared = {}
        self._thread = None
        self._outcome = None
        self._generator = None

    def close(self):
        self._link.close()

    def _cursor(self, sql, params, prepare=None):
        try:
            if params:
                return self._link.execute(percent_placeholders(sql), params, prepare=prepare)
            return self._link.execute(sql, prepare=prepare)
        except psycopg.Error as error:
            raise _failure(error) from None

    def query(self, sql, *params):
        return as_rows(self._cursor(sql, params).fetchall())

    def execute(self, sql, *params):
        return self._cursor(sql, params).rowcount

    def prepare(self, name, sql):
        self._prepared[name] = sql

    def run(self, name, *params):
        if name not in self._prepared:
            return self.query("EXECUTE %s(%s)" % (name, ", ".join(str(value) for value in params)))
        return as_rows(self._cursor(self._prepared[name], params, prepare=True).fetchall())

    def unprepare(self, name):
        del self._prepared[name]
        self.execute("DEALLOCATE ALL")

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
            with self._link.cursor().copy(sql) as copy:
                copy.write(data)
        except psycopg.Error as error:
            raise _failure(error) from None

    def copy_out(self, sql):
        with self._link.cursor().copy(sql) as copy:
            return b"".join(bytes(part) for part in copy)

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
        self._generator = self._link.notifies()

    def next_notification(self):
        timer = threading.Timer(15, self._link.cancel)
        timer.start()
        try:
            payload = next(self._generator).payload
        finally:
            timer.cancel()
            self._generator.close()
        self._generator = self._link.notifies()
        return payload

    def large_object(self, data):
        self.begin()
        number = self.query("SELECT lo_from_bytea(0, $1)::text", data)[0][0]
        found = bytes.fromhex(self.query("SELECT lo_get($1)", int(number))[0][0][2:])
        self.query("SELECT lo_unlink($1)", int(number))
        self.commit()
        return found

    def batch(self, sql, rows):
        with self._link.pipeline():
            self._link.cursor().executemany(percent_placeholders(sql), rows)

    def read_by_cursor(self, sql, size):
        self.begin()
        with self._link.cursor(name="portion") as cursor:
            cursor.itersize = size
            cursor.execute(sql)
            rows = as_rows(cursor)
        self.commit()
        return rows

    def notices(self):
        return self._notices

    def pid(self):
        return self._link.info.backend_pid


class Psycopg3Driver(Driver):
    name = "psycopg3"

    def connect(self):
        return Psycopg3Connection(self.route)


class Psycopg3AsyncConnection(Connection):
    """The same over asyncio; results in binary format, as vector and feature stores ask for them."""

    def __init__(self, route, loop):
        self._loop = loop
        self._notices = []
        self._prepared = {}
        self._task = None
        self._link = self._wait(psycopg.AsyncConnection.connect(**_arguments(route), autocommit=True))
        self._link.add_notice_handler(lambda diagnostic: self._notices.append(diagnostic.message_primary))

    def _wait(self, awaitable):
        async def bounded():
            return await asyncio.wait_for(awaitable, 60)
        try:
            return self._loop.run_until_complete(bounded())
        except psycopg.Error as error:
            raise _failure(error) from None

    def close(self):
        self._wait(self._link.close())

    async def _rows(self, sql, params, prepare=None):
        cursor = self._link.cursor(binary=True)
        if params:
            await cursor.execute(percent_placeholders(sql), params, prepare=prepare)
        else:
            await cursor.execute(sql, prepare=prepare)
        return as_rows(await cursor.fetchall()) if cursor.description else cursor.rowcount

    def query(self, sql, *params):
        return self._wait(self._rows(sql, params))

    def execute(self, sql, *params):
        return self._wait(self._rows(sql, params))

    def prepare(self, name, sql):
        self._prepared[name] = sql

    def run(self, name, *params):
        if name not in self._prepared:
            return self.query("EXECUTE %s(%s)" % (name, ", ".join(str(value) for value in params)))
        return self._wait(self._rows(self._prepared[name], params, prepare=True))

    def unprepare(self, name):
        del self._prepared[name]
        self.execute("DEALLOCATE ALL")

    def begin(self):
        self._wait(self._link.set_autocommit(False))

    def commit(self):
        self._wait(self._link.commit())
        self._wait(self._link.set_autocommit(True))

    def rollback(self):
        self._wait(self._link.rollback())
        self._wait(self._link.set_autocommit(True))

    def copy_in(self, sql, data):
        async def body():
            async with self._link.cursor().copy(sql) as copy:
                for at in range(0, len(data), 1000):
                    await copy.write(data[at:at + 1000])
        self._wait(body())

    def copy_out(self, sql):
        async def body():
            async with self._link.cursor().copy(sql) as copy:
                return b"".join([bytes(part) async for part in copy])
        return self._wait(body())

    def start(self, sql):
        self._task = self._loop.create_task(self._rows(sql, ()))
        self._loop.run_until_complete(asyncio.sleep(0.01))

    def cancel(self):
        self._link.cancel()

    def finish(self):
        self._wait(self._task)

    def listen(self, channel):
        self.execute("LISTEN " + channel)

    def next_notification(self):
        async def body():
            notifications = self._link.notifies()
            try:
                async for notification in notifications:
                    return notification.payload
            finally:
                await notifications.aclose()
        return self._wait(body())

    def large_object(self, data):
        number = int(self.query("SELECT lo_create(0)::text")[0][0])
        for at in range(0, len(data), 30000):
            self.query("SELECT lo_put($1, $2, $3)::text", number, at, data[at:at + 30000])
        found = bytes.fromhex(self.query("SELECT lo_get($1)", number)[0][0][2:])
        self.query("SELECT lo_unlink($1)", number)
        return found

    def batch(self, sql, rows):
        async def body():
            async with self._link.pipeline():
                for row in rows:
                    await self._link.execute(percent_placeholders(sql), row)
        self._wait(body())

    def read_by_cursor(self, sql, size):
        async def body():
            async with self._link.cursor(name="portion", binary=True) as cursor:
                cursor.itersize = size
                await cursor.execute(sql)
                return as_rows([row async for row in cursor])
        self.begin()
        rows = self._wait(body())
        self.commit()
        return rows

    def notices(self):
        return self._notices

    def pid(self):
        return self._link.info.backend_pid


class Psycopg3AsyncDriver(Driver):
    name = "psycopg3-async"

    def __init__(self, route, folder):
        super().__init__(route, folder)
        self._loop = asyncio.new_event_loop()

    def connect(self):
        return Psycopg3AsyncConnection(self.route, self._loop)

    def close(self):
        self._loop.close()
