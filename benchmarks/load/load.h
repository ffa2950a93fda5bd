/* What the parts of the load generator share: connections, their wire formats, and the record of messages under way. */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFS 4096 /* posts of one connection whose reply may be waited for */

enum stage { CONNECTING, SHAKING, HEAD, GREETING, READY, GONE };

struct connection {
    int fd, index;
    enum stage stage;
    bool late, wants_write, touched;
    void *tls;
    char *rest, *out; /* bytes of an unfinished frame; bytes not yet taken by the socket */
    size_t rest_size, rest_room, out_size, out_room;
    uint32_t marker_at, ref;
    unsigned under_way;
    uint64_t *posted_at; /* by ref, of senders only */
};

/* A wire format. `read` takes one whole frame from the front of the data and gives its length, or 0 when it is not
 * whole yet; `post` queues one message. */
struct wire {
    const char *name;
    bool tells_sender; /* whether a sender gets its own message back */
    void (*greet)(struct connection *);
    size_t (*read)(struct connection *, char *, size_t);
    void (*post)(struct connection *, uint32_t number, uint64_t at);
};

extern struct options {
    const struct wire *wire;
    const char *address, *path, *tokens_file;
    int port, clients, senders, window, body, late, parallel, nap;
    double rate, seconds, warm_up, drain, late_at, settle;
    bool tls, until_done;
    int pids[16], pid_count;
} options;

extern struct counts {
    uint64_t posted, deliveries, messages, refused, closed, received_bytes, lost, strays, synced;
} counts;

extern uint64_t moment; /* nanoseconds, taken once for each read */
extern char **tokens;
extern int token_count;

const struct wire *find_wire(const char *name);
void put_head(struct connection *, const char *subprotocol);
void put(struct connection *, const void *, size_t);
void become_ready(struct connection *);
void fill_body(char *body, uint32_t number);

/* setting.c */
void read_options(int count, char **arguments);
uint64_t own_cpu(void); /* nanoseconds */
uint64_t all_cpu(void); /* of the measured processes */
long all_memory(void);  /* KiB */

/* record.c */
struct samples {
    uint32_t *microseconds;
    size_t count, room;
};
extern struct samples to_last, to_done;
extern uint64_t window_from, window_to; /* messages sent in this time are measured */
void start_message(uint32_t number, uint64_t at, uint32_t receivers, struct connection *sender);
void note_marker(struct connection *, const char *data, size_t size);
void note_done(struct connection *, uint32_t ref);
uint64_t unfinished(uint64_t *deliveries);
void print_samples(const char *name, struct samples *);
uint64_t now(void);
void *grow(void *data, size_t *room, size_t needed, size_t unit);
void fail(const char *what);

#endif
