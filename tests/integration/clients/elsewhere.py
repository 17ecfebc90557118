# SPDX-License-Identifier: PostgreSQL
"""Inside a network namespace: gives its loopback another address, starts the daemon there and logs in.

    elsewhere.py SOCKET_FOLDER PORT     reads lines `address<tab>role<tab>password<tab>allow_trust`
                                        and prints for each `admitted` or the SQLSTATE
"""

import collections
import fcntl
import os
import re
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))

import psycopg2  # noqa: E402
from pgr_harness import SERVICE_USER, Proxy, free_port  # noqa: E402

SIOCSIFFLAGS = 0x8914
SIOCSIFADDR = 0x8916
IFF_UP = 1
Upstream = collections.namedtuple("Upstream", "host port")


def bring_up_loopback(addresses):
    """What `ip link set lo up; ip addr add … dev lo` does, without iproute2."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
        for number, address in enumerate(addresses):
            name = b"lo:%d" % number
            fcntl.ioctl(control, SIOCSIFADDR,
                        struct.pack("16sHH4s16x", name, socket.AF_INET, 0, socket.inet_aton(address)))


def log_in(address, port, role, password):
    try:
        psycopg2.connect(host=address, port=port, user=role, password=password, dbname="postgres",
                         sslmode="disable", gssencmode="disable").close()
        return "admitted"
    except psycopg2.OperationalError as error:
        print(error, file=sys.stderr)
        return error.pgcode or sqlstate_of(str(error))


def sqlstate_of(text):
    """psycopg2 keeps no SQLSTATE of a failed login; the texts are PostgreSQL's and ours."""
    if "password authentication failed" in text:
        return "28P01"
    return "28000" if re.search(r"without a password|no pg_hba.conf entry|does not exist", text) else text


def main(folder, upstream_port):
    logins = [line.rstrip("\n").split("\t") for line in sys.stdin]
    bring_up_loopback({address for address, *_ in logins} - {"127.0.0.1"})
    for address, role, password, allow_trust in logins:
        port = free_port()
        settings = {
            "proxy.listen": "0.0.0.0:%d" % port,
            "proxy.allow_trust": allow_trust,
            "upstream.dsn": "host=%s port=%s" % (folder, upstream_port),
            "upstream.service_dsn": "host=%s port=%s user=%s dbname=postgres" % (folder, upstream_port, SERVICE_USER),
        }
        with Proxy(Upstream("127.0.0.1", 1), settings, port=port) as proxy:
            print(log_in(address, port, role, password), flush=True)
            if proxy.stop() != 0:
                raise SystemExit(proxy.log_text())


if __name__ == "__main__":
    main(*sys.argv[1:])
