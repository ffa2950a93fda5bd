/* Which messages are under way, who has yet to get them, and how long each took. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLOTS (1u << 20)

struct slot {
    uint64_t at;
    uint32_t number, left;
    struct connection *sender;
};

static struct slot slots[SLOTS];
struct samples to_last, to_done;
uint64_t window_from, window_to = UINT64_MAX;

uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void fail(const char *what) {
    perror(what);
    exit(1);
}

void *grow(void *data, size_t *room, size_t needed, size_t unit) {
    if (needed <= *room) return data;
    *room = needed * 2 + 64;
    data = realloc(data, *room * unit);
    if (!data) fail("memory");
    return data;
}

static void add_sample(struct samples *samples, uint64_t from) {
    if (from < window_from || from >= window_to) return;
    samples->microseconds = grow(samples->microseconds, &samples->room, samples->count + 1, sizeof(uint32_t));
    samples->microseconds[samples->count++] = (uint32_t)((moment - from) / 1000);
}

/* `number` 0 is never used, so an empty slot matches nothing. */
void start_message(uint32_t number, uint64_t at, uint32_t receivers, struct connection *sender) {
    struct slot *slot = &slots[number % SLOTS];
    counts.lost += slot->left;
    *slot = (struct slot){.at = at, .number = number, .left = receivers, .sender = sender};
    counts.posted++;
    sender->under_way++;
}

static void note_number(struct connection *connection, uint32_t number) {
    struct slot *slot = &slots[number % SLOTS];
    if (connection->late) return;
    if (slot->number != number || slot->left == 0) {
        counts.strays++;
        return;
    }
    if (moment >= window_from && moment < window_to) counts.deliveries++;
    if (--slot->left) return;
    add_sample(&to_last, slot->at);
    counts.messages++;
    if (!options.until_done) {
        slot->sender->under_way--;
        slot->sender->touched = true;
    }
}

static bool read_marker(struct connection *connection, const char *data, size_t size, size_t at) {
    if (at + 10 > size || data[at] != '~' || data[at + 1] != '#') return false;
    uint32_t number = 0;
    for (int i = 2; i < 10; i++) {
        unsigned char c = (unsigned char)data[at + i];
        number = number << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    note_number(connection, number);
    return true;
}

/* One frame may hold one message, nearly always at the same place, or (a page of them) many. */
void note_marker(struct connection *connection, const char *data, size_t size) {
    if (size < 1024 && read_marker(connection, data, size, connection->marker_at)) return;
    const char *end = data + size, *from = data, *found;
    while ((found = memmem(from, (size_t)(end - from), "~#", 2))) {
        connection->marker_at = (uint32_t)(found - data);
        read_marker(connection, data, size, (size_t)(found - data));
        from = found + 2;
    }
}

void note_done(struct connection *connection, uint32_t ref) {
    if (!connection->posted_at) return;
    add_sample(&to_done, connection->posted_at[ref % REFS]);
    if (options.until_done) {
        connection->under_way--;
        connection->touched = true;
    }
}

uint64_t unfinished(uint64_t *deliveries) {
    uint64_t messages = 0;
    *deliveries = counts.lost;
    for (uint32_t i = 0; i < SLOTS; i++) {
        messages += slots[i].left > 0;
        *deliveries += slots[i].left;
    }
    return messages;
}

static int compare(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

void print_samples(const char *name, struct samples *samples) {
    if (!samples->count) {
        printf(", \"%s\": null", name);
        return;
    }
    qsort(samples->microseconds, samples->count, sizeof(uint32_t), compare);
    static const double shares[] = {0.5, 0.9, 0.99, 0.999};
    static const char *const names[] = {"p50", "p90", "p99", "p999"};
    printf(", \"%s\": {\"count\": %zu", name, samples->count);
    for (int i = 0; i < 4; i++) {
        size_t at = (size_t)((double)samples->count * shares[i]);
        if (at >= samples->count) at = samples->count - 1;
        printf(", \"%s\": %.3f", names[i], samples->microseconds[at] / 1000.0);
    }
    printf(", \"max\": %.3f}", samples->microseconds[samples->count - 1] / 1000.0);
}
