/* What a run is asked to do, and what the measured processes have used. */
#define _GNU_SOURCE
#include "load.h"

#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct options options = {.address = "127.0.0.1", .path = "/ws", .clients = 1, .window = 1, .body = 120,
                          .parallel = 50, .seconds = 5, .warm_up = 1, .drain = 10, .settle = 2};
char **tokens;
int token_count;

static uint64_t cpu_of(int pid) { /* nanoseconds on the processor, all threads */
    char path[300];
    uint64_t total = 0, one;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *directory = opendir(path);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", pid, entry->d_name);
        FILE *file = fopen(path, "r");
        if (file && fscanf(file, "%lu", &one) == 1) total += one;
        if (file) fclose(file);
    }
    if (directory) closedir(directory);
    return total;
}

static long memory_of(int pid) { /* KiB resident */
    char path[64], line[200];
    long size = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &size) == 1) break;
    if (file) fclose(file);
    return size;
}

uint64_t own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000u +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000u;
}

uint64_t all_cpu(void) {
    uint64_t total = 0;
    for (int i = 0; i < options.pid_count; i++) total += cpu_of(options.pids[i]);
    return total;
}

long all_memory(void) {
    long total = 0;
    for (int i = 0; i < options.pid_count; i++) total += memory_of(options.pids[i]);
    return total;
}

static void read_tokens(void) {
    FILE *file = options.tokens_file ? fopen(options.tokens_file, "r") : NULL;
    char line[300];
    size_t room = 0;
    if (options.tokens_file && !file) fail(options.tokens_file);
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        tokens = grow(tokens, &room, (size_t)token_count + 1, sizeof *tokens);
        tokens[token_count++] = strdup(line);
    }
    if (file) fclose(file);
}

void read_options(int count, char **arguments) {
    enum { WIRE = 1, PORT, PATH, TOKENS, CLIENTS, SENDERS, WINDOW, BODY, RATE, SECONDS, WARM_UP, DRAIN, LATE, LATE_AT,
           SETTLE, PARALLEL, NAP, TLS, UNTIL_DONE, PID };
    static const struct option known[] = {
        {"wire", 1, 0, WIRE}, {"port", 1, 0, PORT}, {"path", 1, 0, PATH}, {"tokens", 1, 0, TOKENS},
        {"clients", 1, 0, CLIENTS}, {"senders", 1, 0, SENDERS}, {"window", 1, 0, WINDOW}, {"body", 1, 0, BODY},
        {"rate", 1, 0, RATE}, {"seconds", 1, 0, SECONDS}, {"warm-up", 1, 0, WARM_UP}, {"drain", 1, 0, DRAIN},
        {"late", 1, 0, LATE}, {"late-at", 1, 0, LATE_AT}, {"settle", 1, 0, SETTLE}, {"parallel", 1, 0, PARALLEL}, {"nap", 1, 0, NAP},
        {"tls", 0, 0, TLS}, {"until-done", 0, 0, UNTIL_DONE}, {"pid", 1, 0, PID}, {0}};
    for (int got; (got = getopt_long(count, arguments, "", known, NULL)) != -1;) {
        switch (got) {
        case WIRE: options.wire = find_wire(optarg); break;
        case PORT: options.port = atoi(optarg); break;
        case PATH: options.path = optarg; break;
        case TOKENS: options.tokens_file = optarg; break;
        case CLIENTS: options.clients = atoi(optarg); break;
        case SENDERS: options.senders = atoi(optarg); break;
        case WINDOW: options.window = atoi(optarg); break;
        case BODY: options.body = atoi(optarg); break;
        case RATE: options.rate = atof(optarg); break;
        case SECONDS: options.seconds = atof(optarg); break;
        case WARM_UP: options.warm_up = atof(optarg); break;
        case DRAIN: options.drain = atof(optarg); break;
        case LATE: options.late = atoi(optarg); break;
        case LATE_AT: options.late_at = atof(optarg); break;
        case SETTLE: options.settle = atof(optarg); break;
        case PARALLEL: options.parallel = atoi(optarg); break;
        case NAP: options.nap = atoi(optarg); break;
        case TLS: options.tls = true; break;
        case UNTIL_DONE: options.until_done = true; break;
        case PID: if (options.pid_count < 16) options.pids[options.pid_count++] = atoi(optarg); break;
        default: exit(2);
        }
    }
    if (!options.wire || !options.port || options.body < 10 || options.body > 4000 || options.window > REFS / 2) {
        fprintf(stderr, "--wire and --port are needed; --body is 10 to 4000, --window at most %d\n", REFS / 2);
        exit(2);
    }
    read_tokens();
    if (options.wire == find_wire("mrsambosk") && !token_count) fail("--tokens");
}
