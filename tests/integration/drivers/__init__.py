# SPDX-License-Identifier: PostgreSQL
"""The drivers of the matrix behind one face (base.py), and the story that each of them plays (story.py)."""

from .asyncpg_driver import AsyncpgDriver
from .program import JdbcDriver, LibpqDriver, NodeDriver
from .psql import PsqlDriver
from .psycopg2_driver import Psycopg2Driver
from .psycopg3_driver import Psycopg3AsyncDriver, Psycopg3Driver

DRIVERS = {driver.name: driver for driver in (
    PsqlDriver, Psycopg2Driver, Psycopg3Driver, Psycopg3AsyncDriver, AsyncpgDriver, JdbcDriver, NodeDriver,
    LibpqDriver)}
