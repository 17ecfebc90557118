// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/daemon/daemon.h"

int main(int argc, char **argv)
{
    return pgr_daemon_main(argc, argv, &pgr_seams_production);
}
