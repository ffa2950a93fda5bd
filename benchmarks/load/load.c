/* The load generator: many clients of one room in one thread, plain sockets and epoll.
 *
 * Senders post either at a steady rate (open loop: a message counts from the moment it was due) or as fast as they
 * may with `window` messages each under way (closed loop: one is over when everyone has it). Prints one line of JSON.
 *
 * With `--nap` it sleeps so many microseconds, deaf to its sockets, after each round of reading. On one machine a client
 * that waits is woken by the very send that reaches it, and drives the sender from its processor: a cost of the set-up,
 * not of what is measured, that falls on the slower sender more. Over a network the card gathers in the same way.
 */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
static SSL_CTX *tls_context;
#endif

#define BUFFER (1u << 20)

struct counts counts;
uint64_t moment;

static int poller, ready_count, late_ready, sending;
static long memory_at_tenth;
static uint32_t next_number = 1;
static struct connection *connections;
static struct sockaddr_in target;
static char buffer[2 * BUFFER];

static void watch(struct connection *c, bool writes) {
    struct epoll_event event = {.events = EPOLLIN | (writes ? EPOLLOUT : 0), .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event)) fail("epoll");
    c->wants_write = writes;
}

void put(struct connection *c, const void *data, size_t size) {
    c->out = grow(c->out, &c->out_room, c->out_size + size, 1);
    memcpy(c->out + c->out_size, data, size);
    c->out_size += size;
}

void become_ready(struct connection *c) {
    if (c->stage == READY) return;
    c->stage = READY;
    ready_count++;
    late_ready += c->late;
}

static void lose(struct connection *c) {
    if (c->stage == GONE) return;
    if (c->stage == READY) ready_count--;
    c->stage = GONE;
    counts.closed++;
    epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
    close(c->fd);
}

static void connect_one(struct connection *c) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) fail("socket");
    int on = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (struct sockaddr *)&target, sizeof target) && errno != EINPROGRESS) fail("connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event)) fail("epoll");
    c->stage = CONNECTING;
    c->wants_write = true;
}

/* Bytes read or written; 0 when the socket would block; -1 at its end. */
static ssize_t transfer(struct connection *c, bool writes, char *data, size_t size) {
    ssize_t done;
#ifdef WITH_TLS
    if (c->tls) {
        done = writes ? SSL_write(c->tls, data, (int)size) : SSL_read(c->tls, data, (int)size);
        if (done > 0) return done;
        int error = SSL_get_error(c->tls, (int)done);
        return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }
#endif
    done = writes ? send(c->fd, data, size, MSG_NOSIGNAL) : recv(c->fd, data, size, 0);
    if (done > 0) return done;
    return done < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static void flush(struct connection *c) {
    size_t sent = 0;
    while (sent < c->out_size) {
        ssize_t done = transfer(c, true, c->out + sent, c->out_size - sent);
        if (done < 0) {
            lose(c);
            return;
        }
        if (!done) break;
        sent += (size_t)done;
    }
    if (sent) memmove(c->out, c->out + sent, c->out_size -= sent);
    if (c->wants_write != (c->out_size > 0)) watch(c, c->out_size > 0);
}

static bool shake(struct connection *c) {
#ifdef WITH_TLS
    if (options.tls) {
        if (!c->tls) {
            c->tls = SSL_new(tls_context);
            SSL_set_fd(c->tls, c->fd);
            c->stage = SHAKING;
        }
        int result = SSL_connect(c->tls);
        if (result != 1) {
            int error = SSL_get_error(c->tls, result);
            if (error == SSL_ERROR_WANT_READ) watch(c, false);
            else if (error == SSL_ERROR_WANT_WRITE) watch(c, true);
            else lose(c);
            return false;
        }
    }
#endif
    options.wire->greet(c);
    return true;
}

static void receive(struct connection *c) {
    /* TLS gives one record at a time, and may hold more than the socket does. */
    for (bool again = true; again; again = c->tls != NULL) {
        size_t have = c->rest_size;
        if (have) memcpy(buffer, c->rest, have);
        ssize_t done = transfer(c, false, buffer + have, sizeof buffer - have);
        if (done < 0) {
            lose(c);
            return;
        }
        if (!done) return;
        moment = now();
        counts.received_bytes += (uint64_t)done;
        have += (size_t)done;
        size_t used = 0, size;
        while (used < have && (size = options.wire->read(c, buffer + used, have - used))) used += size;
        c->rest_size = have - used;
        if (c->rest_size) {
            c->rest = grow(c->rest, &c->rest_room, c->rest_size, 1);
            memcpy(c->rest, buffer + used, c->rest_size);
        }
    }
}

static void post(struct connection *c, uint64_t at) {
    uint32_t receivers = (uint32_t)options.clients - !options.wire->tells_sender;
    start_message(next_number, at, receivers, c);
    options.wire->post(c, next_number++, at);
    c->touched = true;
}

static void fill_windows(void) {
    moment = now();
    for (int i = 0; i < options.senders; i++) {
        struct connection *c = &connections[i];
        if (c->stage != READY) continue;
        while (sending && !options.rate && c->under_way < (unsigned)options.window) post(c, moment);
        if (c->out_size) flush(c);
        c->touched = false;
    }
}

/* Handle what is ready, waiting at most `milliseconds`; a timer's expiries are added to `due`. */
static void turn(int milliseconds, int timer, uint64_t *due) {
    struct epoll_event events[512];
    int count = epoll_wait(poller, events, 512, milliseconds);
    for (int i = 0; i < count; i++) {
        struct connection *c = events[i].data.ptr;
        if (!c) {
            uint64_t expiries;
            if (read(timer, &expiries, sizeof expiries) == sizeof expiries) *due += expiries;
            continue;
        }
        if (c->stage == GONE) continue;
        if (c->stage == CONNECTING || c->stage == SHAKING) {
            int error = 0;
            socklen_t size = sizeof error;
            getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error) {
                lose(c);
                continue;
            }
            if (!shake(c)) continue;
        } else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
            receive(c);
        }
        if (c->stage != GONE && (c->out_size || c->wants_write)) flush(c);
    }
}

static uint64_t seconds(double value) { return (uint64_t)(value * 1e9); }

static void wait_until(uint64_t until) {
    while (now() < until) turn(10, -1, NULL);
}

/* Memory is counted from the first tenth on: by then all that the first connections bring with them is there. */
static void join_all(void) {
    uint64_t limit = now() + seconds(60);
    int started = 0;
    while (ready_count < options.clients) {
        while (started < options.clients && started - ready_count < options.parallel)
            connect_one(&connections[started++]);
        turn(100, -1, NULL);
        if (!memory_at_tenth && ready_count >= options.clients / 10) memory_at_tenth = all_memory();
        if (now() > limit || counts.closed) {
            fprintf(stderr, "only %d of %d clients joined, %lu were closed\n", ready_count, options.clients,
                    counts.closed);
            exit(1);
        }
    }
}

int main(int count, char **arguments) {
    read_options(count, arguments);
#ifdef WITH_TLS
    tls_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(tls_context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(tls_context, 1);
#else
    if (options.tls) fail("compiled without TLS");
#endif
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    target = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    inet_pton(AF_INET, options.address, &target.sin_addr);
    poller = epoll_create1(EPOLL_CLOEXEC);
    int all = options.clients + options.late;
    connections = calloc((size_t)all, sizeof *connections);
    for (int i = 0; i < all; i++) connections[i] = (struct connection){.index = i, .late = i >= options.clients};

    uint64_t began = now();
    join_all();
    double joined = (double)(now() - began) / 1e9;
    wait_until(now() + seconds(options.settle)); /* presence and the like are told a moment later */
    long memory_before = all_memory();

    uint64_t due = 0, per_message = options.rate ? (uint64_t)(1e9 / options.rate) : 0;
    int timer = -1, next_sender = 0;
    uint64_t start = now() + 1000000, measure = start + seconds(options.warm_up);
    uint64_t stop = measure + seconds(options.seconds), next_due = start + per_message;
    uint64_t late_from = options.late ? measure + seconds(options.late_at) : UINT64_MAX, late_to = 0;
    if (options.rate) {
        timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        struct itimerspec every = {.it_interval = {(time_t)(per_message / 1000000000), (long)(per_message % 1000000000)},
                                   .it_value = {(time_t)(next_due / 1000000000), (long)(next_due % 1000000000)}};
        timerfd_settime(timer, TFD_TIMER_ABSTIME, &every, NULL);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
        epoll_ctl(poller, EPOLL_CTL_ADD, timer, &event);
    }
    window_from = options.late ? UINT64_MAX : measure;
    window_to = options.late ? UINT64_MAX : stop;
    sending = options.senders > 0;
    uint64_t cpu_from = 0, own_from = 0, posted_from = 0, bytes_from = 0;
    bool measuring = false, late_started = false;
    if (sending) fill_windows();
    for (uint64_t time; (time = now()) < stop;) {
        if (!measuring && time >= measure) {
            measuring = true;
            cpu_from = all_cpu();
            own_from = own_cpu();
            posted_from = counts.posted;
            bytes_from = counts.received_bytes;
        }
        if (!late_started && time >= late_from) {
            late_started = true;
            late_from = window_from = now();
            window_to = UINT64_MAX;
            for (int i = options.clients; i < all; i++) connect_one(&connections[i]);
        }
        if (late_started && !late_to && late_ready == options.late) late_to = window_to = now();
        turn(options.rate || !sending ? 20 : 100, timer, &due);
        if (options.nap) usleep((useconds_t)options.nap);
        for (; due && sending; due--, next_due += per_message, next_sender = (next_sender + 1) % options.senders)
            post(&connections[next_sender], next_due);
        if (sending) fill_windows();
    }
    uint64_t measured_to = now(), cpu_to = all_cpu(), own_to = own_cpu();
    uint64_t posted = counts.posted - posted_from, bytes = counts.received_bytes - bytes_from;
    if (!options.late) window_to = measured_to;
    else if (!late_to) window_to = measured_to;
    sending = 0;
    uint64_t missing, messages_missing = unfinished(&missing);
    for (uint64_t limit = now() + seconds(options.drain); missing && now() < limit;) {
        turn(20, timer, &due);
        messages_missing = unfinished(&missing);
    }
    double span = (double)(measured_to - measure) / 1e9;
    printf("{\"clients\": %d, \"senders\": %d, \"seconds\": %.3f, \"join_seconds\": %.4f, \"posted\": %lu, "
           "\"deliveries\": %lu, \"deliveries_per_second\": %.1f, \"messages_per_second\": %.1f, "
           "\"bytes_per_second\": %.0f, \"lost_messages\": %lu, \"lost_deliveries\": %lu, \"refused\": %lu, "
           "\"closed\": %lu, \"strays\": %lu, \"synced\": %lu, \"cpu_seconds\": %.4f, \"own_cpu_share\": %.4f, "
           "\"memory_at_tenth_kib\": %ld, \"memory_before_kib\": %ld, \"memory_after_kib\": %ld",
           options.clients, options.senders, span, joined, posted, counts.deliveries,
           (double)counts.deliveries / span, (double)posted / span, (double)bytes / span, messages_missing, missing,
           counts.refused, counts.closed, counts.strays, counts.synced, (double)(cpu_to - cpu_from) / 1e9,
           (double)(own_to - own_from) / 1e9 / span, memory_at_tenth, memory_before, all_memory());
    if (options.late)
        printf(", \"late_ready\": %d, \"late_seconds\": %.4f", late_ready,
               late_to ? (double)(late_to - late_from) / 1e9 : -1.0);
    print_samples("to_last_ms", &to_last);
    print_samples("to_done_ms", &to_done);
    printf("}\n");
    return 0;
}
