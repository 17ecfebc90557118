// SPDX-License-Identifier: PostgreSQL
#pragma once
/*
 * notify_priv.h - tells systemd (Type=notify) what the daemon is doing; silent without NOTIFY_SOCKET.
 */
void pgr_notify_ready(void);
void pgr_notify_reloading(void);
void pgr_notify_stopping(void);
