// SPDX-License-Identifier: PostgreSQL
/*
 * client.c - a load generator that costs little: bare sockets, ready-made messages, no decoding.
 *
 * It logs in on some connections (trust only), says "ready", and then obeys lines on its input:
 *
 *   run PROTOCOL ROWS KEYS SECONDS     PROTOCOL simple | extended | prepared
 *                                      ROWS     how many rows a query asks for
 *                                      KEYS     ever (each query has its own) | a number of keys
 *   answers  requests=N seconds=S p50_us=A p99_us=B client_cpu_s=C
 *
 * Each connection has one query under way. A latency is from send to the last byte of the answer.
 * Errors end it: a benchmark that goes on after one measures errors.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 64
#define MAX_SAMPLES     4000000
#define MESSAGE_ROOM    1024
#define INPUT_ROOM      (256 << 10)

/* $2 makes a query one of its own and changes nothing about the work it is. */
#define QUERY_HEAD "SELECT id, name, value, created FROM bench WHERE id >= "
#define PARAMETERS "$1 AND id < $1 + $3 AND $2 >= 0"

struct connection {
    int fd;
    uint64_t sent_ns;
    size_t have;
    char *input;
};

struct client {
    struct connection connections[MAX_CONNECTIONS];
    struct pollfd polls[MAX_CONNECTIONS];
    size_t count;
    uint32_t *samples; /* microseconds */
    size_t sample_count;
    uint64_t next_key;
    bool is_prepared;
};

struct job {
    char protocol[16];
    unsigned rows;
    uint64_t keys; /* 0: each query its own */
    double seconds;
};

struct message {
    char bytes[MESSAGE_ROOM];
    size_t len;
};

static void fail(const char *what)
{
    fprintf(stderr, "bench client: %s: %s\n", what, errno ? strerror(errno) : "unexpected");
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* ------------------------------------------------------------------ messages */

static void put(struct message *out, const void *bytes, size_t len)
{
    if (out->len + len > sizeof(out->bytes))
        fail("message too long");
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
}

static void put_int32(struct message *out, uint32_t value)
{
    value = htonl(value);
    put(out, &value, sizeof(value));
}

static void put_int16(struct message *out, uint16_t value)
{
    value = htons(value);
    put(out, &value, sizeof(value));
}

static void put_text(struct message *out, const char *text)
{
    put(out, text, strlen(text) + 1);
}

static size_t begin(struct message *out, char kind)
{
    put(out, &kind, 1);
    put_int32(out, 0);
    return out->len - 4;
}

static void end(struct message *out, size_t length_at)
{
    uint32_t len = htonl((uint32_t)(out->len - length_at));
    memcpy(out->bytes + length_at, &len, sizeof(len));
}

static void put_parse(struct message *out, const char *name)
{
    size_t at = begin(out, 'P');
    put_text(out, name);
    put_text(out, QUERY_HEAD PARAMETERS);
    put_int16(out, 3);
    for (int i = 0; i < 3; i++)
        put_int32(out, 20); /* bigint */
    end(out, at);
}

static void put_bind(struct message *out, const char *name, uint64_t id, uint64_t own,
                     unsigned rows)
{
    uint64_t values[3] = {id, own, rows};
    size_t at = begin(out, 'B');
    put_text(out, "");
    put_text(out, name);
    put_int16(out, 0);
    put_int16(out, 3);
    for (int i = 0; i < 3; i++) {
        char text[24];
        int len = snprintf(text, sizeof(text), "%" PRIu64, values[i]);
        put_int32(out, (uint32_t)len);
        put(out, text, (size_t)len);
    }
    put_int16(out, 0);
    end(out, at);
}

/* What psycopg and its kin send: Describe, Execute, Sync after Bind. */
static void put_execute(struct message *out)
{
    size_t at = begin(out, 'D');
    put_text(out, "P");
    end(out, at);
    at = begin(out, 'E');
    put_text(out, "");
    put_int32(out, 0);
    end(out, at);
    end(out, begin(out, 'S'));
}

static void put_simple(struct message *out, uint64_t id, uint64_t own, unsigned rows)
{
    char text[MESSAGE_ROOM / 2];
    snprintf(text, sizeof(text),
             QUERY_HEAD "%" PRIu64 " AND id < %" PRIu64 " + %u AND %" PRIu64 " >= 0", id, id, rows,
             own);
    size_t at = begin(out, 'Q');
    put_text(out, text);
    end(out, at);
}

static void put_query(struct message *out, const struct job *job, uint64_t own)
{
    uint64_t id = 1 + own * 7919 % 90000;
    if (strcmp(job->protocol, "simple") == 0) {
        put_simple(out, id, own, job->rows);
        return;
    }
    bool is_prepared = strcmp(job->protocol, "prepared") == 0;
    if (!is_prepared)
        put_parse(out, "");
    put_bind(out, is_prepared ? "bench" : "", id, own, job->rows);
    put_execute(out);
}

/* ------------------------------------------------------------------ connections */

static void send_all(struct connection *connection, const struct message *message)
{
    size_t sent = 0;
    while (sent < message->len) {
        ssize_t count =
            send(connection->fd, message->bytes + sent, message->len - sent, MSG_NOSIGNAL);
        if (count < 0)
            fail("send");
        sent += (size_t)count;
    }
}

/* The kind of the last message, 0 while it is not whole; an error ends the program. */
static char last_kind(const char *input, size_t have)
{
    size_t at = 0;
    char kind = 0;
    while (at + 5 <= have) {
        uint32_t len;
        memcpy(&len, input + at + 1, sizeof(len));
        kind = input[at];
        if (kind == 'E') {
            fprintf(stderr, "bench client: error from the server: %.*s\n", (int)(have - at - 5),
                    input + at + 5);
            exit(1);
        }
        at += 1 + ntohl(len);
    }
    return at == have ? kind : 0;
}

/* Reads what is there; true when the answer has arrived to its ReadyForQuery. */
static bool receive(struct connection *connection)
{
    if (connection->have == INPUT_ROOM)
        fail("an answer longer than expected");
    ssize_t count = recv(connection->fd, connection->input + connection->have,
                         INPUT_ROOM - connection->have, 0);
    if (count <= 0)
        fail("recv");
    connection->have += (size_t)count;
    static const char ready[] = {'Z', 0, 0, 0, 5};
    if (connection->have < 6 || memcmp(connection->input + connection->have - 6, ready, 5) != 0)
        return false;
    if (last_kind(connection->input, connection->have) != 'Z')
        return false;
    connection->have = 0;
    return true;
}

static void log_in(struct connection *connection, const char *user, const char *database)
{
    struct message message = {.len = 0};
    put_int32(&message, 0);
    put_int32(&message, 3 << 16);
    put_text(&message, "user");
    put_text(&message, user);
    put_text(&message, "database");
    put_text(&message, database);
    put(&message, "", 1);
    end(&message, 0);
    send_all(connection, &message);
    while (!receive(connection))
        continue;
}

/* Not at login: that would only measure how a proxy takes a statement before it knows the tables. */
static void prepare(struct client *client)
{
    struct message message = {.len = 0};
    put_parse(&message, "bench");
    end(&message, begin(&message, 'S'));
    for (size_t i = 0; i < client->count && !client->is_prepared; i++) {
        send_all(&client->connections[i], &message);
        while (!receive(&client->connections[i]))
            continue;
    }
    client->is_prepared = true;
}

static void connect_one(struct connection *connection, const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        fail("address");
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        fail("connect");
    int on = 1;
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    connection->input = malloc(INPUT_ROOM);
    if (connection->input == NULL)
        fail("memory");
}

/* ------------------------------------------------------------------ a run */

static void ask(struct client *client, struct connection *connection, const struct job *job)
{
    uint64_t own = client->next_key++;
    struct message message;
    message.len = 0;
    put_query(&message, job, job->keys ? own % job->keys : own);
    connection->sent_ns = now_ns();
    send_all(connection, &message);
}

static void note(struct client *client, const struct connection *connection)
{
    if (client->sample_count == MAX_SAMPLES)
        fail("more requests than expected");
    client->samples[client->sample_count++] = (uint32_t)((now_ns() - connection->sent_ns) / 1000);
}

static size_t handle(struct client *client, const struct job *job, bool is_over)
{
    size_t ended = 0;
    for (size_t i = 0; i < client->count; i++) {
        struct connection *connection = &client->connections[i];
        if (client->polls[i].revents == 0 || !receive(connection))
            continue;
        note(client, connection);
        if (is_over)
            ended++;
        else
            ask(client, connection, job);
    }
    return ended;
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double own_cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void tell(struct client *client, uint64_t elapsed_ns, double cpu_s)
{
    size_t count = client->sample_count;
    qsort(client->samples, count, sizeof(client->samples[0]), by_size);
    printf("requests=%zu seconds=%.6f p50_us=%u p99_us=%u client_cpu_s=%.6f\n", count,
           (double)elapsed_ns / 1e9, client->samples[count / 2], client->samples[count * 99 / 100],
           cpu_s);
    fflush(stdout);
}

static void run(struct client *client, const struct job *job)
{
    client->sample_count = 0;
    if (strcmp(job->protocol, "prepared") == 0)
        prepare(client);
    double cpu_s = own_cpu_s();
    uint64_t started = now_ns();
    uint64_t deadline = started + (uint64_t)(job->seconds * 1e9);
    for (size_t i = 0; i < client->count; i++)
        ask(client, &client->connections[i], job);
    size_t under_way = client->count;
    while (under_way > 0) {
        if (poll(client->polls, client->count, 30000) <= 0)
            fail("no answer within 30 s");
        under_way -= handle(client, job, now_ns() >= deadline);
    }
    tell(client, now_ns() - started, own_cpu_s() - cpu_s);
}

static bool read_job(char *line, struct job *job)
{
    char keys[24];
    if (sscanf(line, "run %15s %u %23s %lf", job->protocol, &job->rows, keys, &job->seconds) != 4)
        return false;
    job->keys = strtoull(keys, NULL, 10);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 6 || atoi(argv[5]) < 1 || atoi(argv[5]) > MAX_CONNECTIONS) {
        fprintf(stderr, "usage: client ADDRESS PORT USER DATABASE CONNECTIONS\n");
        return 2;
    }
    struct client client = {.count = (size_t)atoi(argv[5]), .next_key = 1};
    client.samples = malloc(MAX_SAMPLES * sizeof(client.samples[0]));
    if (client.samples == NULL)
        fail("memory");
    for (size_t i = 0; i < client.count; i++) {
        connect_one(&client.connections[i], argv[1], argv[2]);
        log_in(&client.connections[i], argv[3], argv[4]);
        client.polls[i] = (struct pollfd){.fd = client.connections[i].fd, .events = POLLIN};
    }
    puts("ready");
    fflush(stdout);
    char line[128];
    struct job job;
    while (fgets(line, sizeof(line), stdin) != NULL && read_job(line, &job))
        run(&client, &job);
    return 0;
}
