/* The floor: what the kernel alone costs. A WebSocket relay that does nothing but write each message, in an envelope
 * of the size of a Mrsambosk host's, to every connection. Nothing is checked, nothing stored.
 *
 *   floor each    one send for each message and client, as it comes
 *   floor join    what came in one turn of the loop leaves as one send for each client
 *
 * Prints its port. Only for the load generator next door: the handshake's answer is a constant.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER (1u << 18)

struct client {
    int fd, place;
    bool open;
    char *rest, *unsent;
    size_t rest_size, unsent_size, unsent_room;
};

static struct client *clients[65536];
static int client_count, poller;
static bool joins;
static char *owed;
static size_t owed_size, owed_room;
static unsigned long rev;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void watch(struct client *c, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

static void leave(struct client *c) {
    if (c->open) {
        clients[c->place] = clients[--client_count];
        clients[c->place]->place = c->place;
    }
    close(c->fd);
    free(c->rest);
    free(c->unsent);
    c->fd = -1; /* left allocated: an event of this turn may still name it */
}

/* Keeps what the socket does not take; no limit, for a measurement is short. */
static void give(struct client *c, const char *data, size_t size) {
    if (!c->unsent_size) {
        ssize_t done = send(c->fd, data, size, MSG_NOSIGNAL);
        if (done == (ssize_t)size) return;
        if (done < 0 && errno != EAGAIN) return;
        if (done > 0) {
            data += done;
            size -= (size_t)done;
        }
        watch(c, EPOLLIN | EPOLLOUT);
    }
    if (c->unsent_size + size > c->unsent_room) {
        c->unsent_room = 2 * (c->unsent_size + size);
        c->unsent = realloc(c->unsent, c->unsent_room);
        if (!c->unsent) fail("memory");
    }
    memcpy(c->unsent + c->unsent_size, data, size);
    c->unsent_size += size;
}

static void drain(struct client *c) {
    ssize_t done = send(c->fd, c->unsent, c->unsent_size, MSG_NOSIGNAL);
    if (done <= 0) return;
    memmove(c->unsent, c->unsent + done, c->unsent_size -= (size_t)done);
    if (!c->unsent_size) watch(c, EPOLLIN);
}

static void relay(const char *body, size_t size) {
    char frame[8192];
    rev++;
    int length = snprintf(frame + 4, sizeof frame - 4,
                          "{\"type\":\"message\",\"room\":\"lobby\",\"rev\":%lu,\"message\":{\"id\":%lu,"
                          "\"room\":\"lobby\",\"rev\":%lu,\"author\":\"u_abcdefghijklm\",\"kind\":\"text\","
                          "\"cid\":\"0123456789abcdef\",\"body\":\"%.*s\",\"mentions\":[],\"reply_to\":null,"
                          "\"sent_at\":1795276800123,\"edited_at\":null,\"deleted_at\":null,\"deleted_by\":null,"
                          "\"pinned_at\":null,\"pinned_by\":null,\"reactions\":{},\"files\":[]}}",
                          rev, rev, rev, (int)size, body);
    frame[0] = (char)0x81;
    frame[1] = 126;
    frame[2] = (char)(length >> 8);
    frame[3] = (char)length;
    size_t whole = (size_t)length + 4;
    if (!joins) {
        for (int i = 0; i < client_count; i++) give(clients[i], frame, whole);
        return;
    }
    if (owed_size + whole > owed_room) {
        owed_room = 2 * (owed_size + whole);
        owed = realloc(owed, owed_room);
        if (!owed) fail("memory");
    }
    memcpy(owed + owed_size, frame, whole);
    owed_size += whole;
}

static size_t take_frame(unsigned char *data, size_t size) {
    size_t head = 2, length;
    if (size < 2) return 0;
    length = data[1] & 0x7f;
    if (length == 126) {
        if (size < 4) return 0;
        length = (size_t)data[2] << 8 | data[3];
        head = 4;
    }
    if (size < head + 4 + length) return 0;
    unsigned char *key = data + head, *body = key + 4;
    for (size_t i = 0; i < length; i++) body[i] ^= key[i & 3];
    if ((data[0] & 0xf) == 1) relay((char *)body, length);
    return head + 4 + length;
}

static void take(struct client *c) {
    static char buffer[2 * BUFFER];
    memcpy(buffer, c->rest, c->rest_size);
    ssize_t done = recv(c->fd, buffer + c->rest_size, BUFFER, 0);
    if (done <= 0) {
        if (done == 0 || errno != EAGAIN) leave(c);
        return;
    }
    size_t have = c->rest_size + (size_t)done, used = 0, size;
    if (!c->open) {
        char *end = memmem(buffer, have, "\r\n\r\n", 4);
        static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        if (end) {
            give(c, answer, sizeof answer - 1);
            c->open = true;
            c->place = client_count;
            clients[client_count++] = c;
            used = (size_t)(end + 4 - buffer);
        }
    }
    while (c->open && used < have && (size = take_frame((unsigned char *)buffer + used, have - used))) used += size;
    c->rest_size = have - used;
    c->rest = realloc(c->rest, c->rest_size + 1);
    memcpy(c->rest, buffer + used, c->rest_size);
}

int main(int count, char **arguments) {
    joins = count > 1 && !strcmp(arguments[1], "join");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 2048)) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct epoll_event events[512];
        int ready = epoll_wait(poller, events, 512, -1);
        for (int i = 0; i < ready; i++) {
            struct client *c = events[i].data.ptr;
            if (!c) {
                int fd;
                while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    c = calloc(1, sizeof *c);
                    c->fd = fd;
                    c->rest = malloc(1);
                    event = (struct epoll_event){.events = EPOLLIN, .data.ptr = c};
                    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
                }
                continue;
            }
            if (c->fd >= 0 && events[i].events & EPOLLOUT) drain(c);
            if (c->fd >= 0 && events[i].events & ~(uint32_t)EPOLLOUT) take(c);
        }
        if (owed_size) {
            for (int i = 0; i < client_count; i++) give(clients[i], owed, owed_size);
            owed_size = 0;
        }
    }
}
