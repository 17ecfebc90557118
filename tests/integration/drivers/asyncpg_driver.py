# SPDX-License-Identifier: PostgreSQL
"""asyncpg: Parse/Describe/Flush, then Bind/Execute/Sync, all values binary, named statements throughout."""

import asyncio
import io

import asyncpg

from .base import APPLICATION, Connection, Driver, DriverError, as_rows


class AsyncpgConnection(Connection):
    def __init__(self, route, loop):
        self._loop = loop
        self._prepared = {}
        self._transaction = None
        self._task = None
        self._heard = None
        self._notices = []
        self._link = self._wait(asyncpg.connect(
            host=route.host, port=route.port, user=route.user, password=route.password, database=route.dbname,
            server_settings={"options": route.options, "application_name": APPLICATION}))
        self._link.add_log_listener(lambda _, message: self._notices.append(message.message))

    def _wait(self, awaitable):
        async def bounded():
            return await asyncio.wait_for(awaitable, 60)
        try:
            return self._loop.run_until_complete(bounded())
        except asyncpg.PostgresError as error:
            raise DriverError(error.sqlstate, str(error)) from None
        except asyncio.CancelledError:
            # What an application sees of its own cancel; the server's 57014 is consumed by asyncpg.
            raise DriverError("57014", "cancelled") from None

    def close(self):
        self._wait(self._link.close())

    def query(self, sql, *params):
        return as_rows(self._wait(self._link.fetch(sql, *params)))

    def execute(self, sql, *params):
        tag = self._wait(self._link.execute(sql, *params))
        word = tag.rsplit(" ", 1)[-1]
        return int(word) if word.isdigit() else 0

    def prepare(self, name, sql):
        self._prepared[name] = self._wait(self._link.prepare(sql, name=name))

    def run(self, name, *params):
        if name not in self._prepared:
            return self.query("EXECUTE %s(%s)" % (name, ", ".join(str(value) for value in params)))
        return as_rows(self._wait(self._prepared[name].fetch(*params)))

    def unprepare(self, name):
        del self._prepared[name]
        self.execute("DEALLOCATE " + name)

    def begin(self):
        self._transaction = self._link.transaction()
        self._wait(self._transaction.start())

    def commit(self):
        self._wait(self._transaction.commit())

    def rollback(self):
        self._wait(self._transaction.rollback())

    def copy_in(self, sql, data):
        table = sql.split()[1].split(".")
        self._wait(self._link.copy_to_table(table[1], schema_name=table[0], source=io.BytesIO(data)))

    def copy_out(self, sql):
        out = io.BytesIO()
        query = sql[sql.index("(") + 1:sql.rindex(")")]
        self._wait(self._link.copy_from_query(query, output=out))
        return out.getvalue()

    def start(self, sql):
        self._task = self._loop.create_task(self._link.fetch(sql))
        self._loop.run_until_complete(asyncio.sleep(0.01))

    def cancel(self):
        self._task.cancel()

    def finish(self):
        self._wait(self._task)

    def listen(self, channel):
        self._heard = asyncio.Queue()
        self._wait(self._link.add_listener(
            channel, lambda connection, pid, name, payload: self._heard.put_nowait(payload)))

    def next_notification(self):
        return self._wait(self._heard.get())

    def large_object(self, data):
        number = self._wait(self._link.fetchval("SELECT lo_from_bytea(0, $1)", data))
        found = self._wait(self._link.fetchval("SELECT lo_get($1)", number))
        self._wait(self._link.fetchval("SELECT lo_unlink($1)", number))
        return found

    def batch(self, sql, rows):
        self._wait(self._link.executemany(sql, rows))

    def read_by_cursor(self, sql, size):
        async def body():
            async with self._link.transaction():
                return as_rows([row async for row in self._link.cursor(sql, prefetch=size)])
        return self._wait(body())

    def notices(self):
        self.query("SELECT 1")
        return self._notices

    def pid(self):
        return self._link.get_server_pid()


class AsyncpgDriver(Driver):
    name = "asyncpg"

    def __init__(self, route, folder):
        super().__init__(route, folder)
        self._loop = asyncio.new_event_loop()

    def connect(self):
        return AsyncpgConnection(self.route, self._loop)

    def close(self):
        self._loop.close()
