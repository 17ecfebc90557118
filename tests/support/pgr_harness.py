# SPDX-License-Identifier: PostgreSQL
"""What a test of the whole thing needs, under one name: real servers, proxies in front of them, their logs."""

import os

from pgr_logfmt import parse as parse_log  # noqa: F401
from pgr_postgres import (AUTH_ROLES, PASSWORD, SERVICE_USER, SUPERUSER, Postgres, bin_folder)  # noqa: F401
from pgr_process import (HarnessError, Process, accepts_connections, free_port, make_folder,  # noqa: F401
                         unprivileged_user, wait_until)
from pgr_proxy import SANITIZERS, TOP, PgBouncer, Proxy, daemon_binary, write_ini  # noqa: F401
from pgr_redis import Redis  # noqa: F401


def proxy_under_test(upstream, settings=None, rules=""):
    """pgrecall in front of upstream; PGR_STANDIN=pgbouncer puts PgBouncer there, to test the tests."""
    if os.environ.get("PGR_STANDIN") == "pgbouncer":
        return PgBouncer(upstream)
    return Proxy(upstream, settings, rules)
