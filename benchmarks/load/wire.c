/* The wire formats: a Mrsambosk host, a bare WebSocket, IRC and MQTT 3.1.1, each no more than the load needs. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char run[9];

/* `options.body` bytes of ordinary words behind a marker that is found again in whatever frame carries it. */
void fill_body(char *body, uint32_t number) {
    static const char words[] = " the quick report on seven wide rivers came back from the printer today, so please "
                                "read it before we meet and say what is missing in it ";
    int size = snprintf(body, 16, "~#%08x", number);
    for (int i = size; i < options.body; i++) body[i] = words[(unsigned)(i - size) % (sizeof words - 1)];
    body[options.body] = 0;
}

/* A client's text frame. The masking key is zero: the receiver unmasks all the same. */
static void put_frame(struct connection *c, int opcode, const char *data, size_t size) {
    unsigned char head[14] = {(unsigned char)(0x80 | opcode)};
    size_t used = 2;
    if (size < 126) {
        head[1] = (unsigned char)(0x80 | size);
    } else {
        head[1] = 0x80 | 126;
        head[2] = (unsigned char)(size >> 8);
        head[3] = (unsigned char)size;
        used = 4;
    }
    put(c, head, used + 4);
    put(c, data, size);
}

void put_head(struct connection *c, const char *subprotocol) {
    char head[512];
    int size = snprintf(head, sizeof head,
                        "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s\r\n",
                        options.path, options.address, options.port, subprotocol ? "Sec-WebSocket-Protocol: " : "",
                        subprotocol ? subprotocol : "", subprotocol ? "\r\n" : "");
    put(c, head, (size_t)size);
    c->stage = HEAD;
}

static size_t read_head(struct connection *c, char *data, size_t size) {
    char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (size < 12 || memcmp(data, "HTTP/1.1 101", 12) != 0) {
        fprintf(stderr, "refused: %.60s\n", data);
        exit(1);
    }
    c->stage = GREETING;
    return (size_t)(end + 4 - data);
}

/* The frame at the front: its payload, or NULL when it is not whole; pings are answered here. */
static char *read_frame(struct connection *c, char *data, size_t size, size_t *payload, size_t *whole) {
    unsigned char *bytes = (unsigned char *)data;
    size_t head = 2, length;
    if (size < 2) return NULL;
    length = bytes[1] & 0x7f;
    if (length == 126) {
        head = 4;
        if (size < head) return NULL;
        length = (size_t)bytes[2] << 8 | bytes[3];
    } else if (length == 127) {
        head = 10;
        if (size < head) return NULL;
        length = 0;
        for (int i = 2; i < 10; i++) length = length << 8 | bytes[i];
    }
    if (size < head + length) return NULL;
    *payload = length;
    *whole = head + length;
    if ((bytes[0] & 0xf) == 9) put_frame(c, 10, data + head, length);
    return data + head;
}

static size_t read_plain(struct connection *c, char *data, size_t size) {
    size_t payload, whole;
    if (c->stage == HEAD) {
        whole = read_head(c, data, size);
        if (whole) become_ready(c);
        return whole;
    }
    char *text = read_frame(c, data, size, &payload, &whole);
    if (!text) return 0;
    note_marker(c, text, payload);
    return whole;
}

static void greet_plain(struct connection *c) { put_head(c, NULL); }

static void post_plain(struct connection *c, uint32_t number, uint64_t at) {
    char body[4096];
    (void)at;
    fill_body(body, number);
    put_frame(c, 1, body, (size_t)options.body);
}

static bool starts(const char *text, size_t size, const char *with) {
    size_t length = strlen(with);
    return size >= length && memcmp(text, with, length) == 0;
}

static void greet_host(struct connection *c) { put_head(c, "mrsambosk.v1"); }

static size_t read_host(struct connection *c, char *data, size_t size) {
    size_t payload, whole;
    char text[512];
    if (c->stage == HEAD) {
        whole = read_head(c, data, size);
        if (!whole) return 0;
        int length = snprintf(text, sizeof text,
                              "{\"type\":\"hello\",\"ref\":1,\"protocol\":[1],\"client\":\"bench/1\",\"token\":\"%s\"}",
                              tokens[c->index % token_count]);
        put_frame(c, 1, text, (size_t)length);
        c->ref = 1;
        return whole;
    }
    char *event = read_frame(c, data, size, &payload, &whole);
    if (!event) return 0;
    if (starts(event, payload, "{\"type\":\"message\"")) {
        note_marker(c, event, payload);
    } else if (starts(event, payload, "{\"type\":\"done\",\"ref\":")) {
        note_done(c, (uint32_t)strtoul(event + 21, NULL, 10));
    } else if (starts(event, payload, "{\"type\":\"sync\"")) {
        if (c->stage == READY) {
            counts.synced++;
            note_marker(c, event, payload);
        }
    } else if (starts(event, payload, "{\"type\":\"live\"")) {
        if (c->stage == GREETING) become_ready(c);
    } else if (starts(event, payload, "{\"type\":\"refused\"")) {
        if (!counts.refused++) fprintf(stderr, "%.*s\n", (int)(payload < 200 ? payload : 200), event);
        if (c->under_way) c->under_way--;
    }
    return whole;
}

static void post_host(struct connection *c, uint32_t number, uint64_t at) {
    char text[4608], body[4096];
    if (!run[0]) snprintf(run, sizeof run, "%08x", (unsigned)(now() >> 10));
    fill_body(body, number);
    c->ref++;
    if (!c->posted_at) c->posted_at = calloc(REFS, sizeof(uint64_t));
    c->posted_at[c->ref % REFS] = at;
    int size = snprintf(text, sizeof text,
                        "{\"type\":\"post\",\"ref\":%u,\"room\":\"lobby\",\"cid\":\"%s%08x\",\"body\":\"%s\"}", c->ref,
                        run, number, body);
    put_frame(c, 1, text, (size_t)size);
}

static void greet_irc(struct connection *c) {
    char text[128];
    int size = snprintf(text, sizeof text, "NICK b%d\r\nUSER b%d 0 * :b\r\n", c->index, c->index);
    put(c, text, (size_t)size);
    c->stage = GREETING;
}

static size_t read_irc(struct connection *c, char *data, size_t size) {
    char *end = memchr(data, '\n', size);
    if (!end) return 0;
    size_t whole = (size_t)(end + 1 - data);
    if (starts(data, whole, "PING ")) {
        put(c, "PONG ", 5);
        put(c, data + 5, whole - 5);
    } else if (c->stage == GREETING) {
        char *code = memchr(data, ' ', whole);
        if (code && (size_t)(end - code) > 5) {
            if (!memcmp(code, " 376 ", 5) || !memcmp(code, " 422 ", 5)) put(c, "JOIN #bench\r\n", 13);
            if (!memcmp(code, " 366 ", 5)) become_ready(c);
        }
    } else {
        note_marker(c, data, whole);
    }
    return whole;
}

static void post_irc(struct connection *c, uint32_t number, uint64_t at) {
    char body[4096];
    (void)at;
    fill_body(body, number);
    put(c, "PRIVMSG #bench :", 16);
    put(c, body, (size_t)options.body);
    put(c, "\r\n", 2);
}

static void greet_mqtt(struct connection *c) {
    char packet[64] = {0x10, 0, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0};
    int name = snprintf(packet + 14, 32, "b%d", c->index);
    packet[1] = (char)(12 + name);
    packet[13] = (char)name;
    put(c, packet, (size_t)(14 + name));
    c->stage = GREETING;
}

static size_t read_mqtt(struct connection *c, char *data, size_t size) {
    size_t length = 0, head = 1;
    for (int shift = 0;; shift += 7) {
        if (head >= size) return 0;
        length |= (size_t)(data[head] & 0x7f) << shift;
        if (!(data[head++] & 0x80)) break;
    }
    if (size < head + length) return 0;
    switch (data[0] & 0xf0) {
    case 0x20: put(c, "\x82\x0a\0\1\0\5bench\0", 12); break; /* accepted: subscribe, at most once */
    case 0x90: become_ready(c); break;
    case 0x30: note_marker(c, data + head, length); break;
    }
    return head + length;
}

static void post_mqtt(struct connection *c, uint32_t number, uint64_t at) {
    char body[4096], head[16] = {0x30};
    (void)at;
    size_t length = 7 + (size_t)options.body, used = 1;
    for (; length > 0x7f; length >>= 7) head[used++] = (char)(0x80 | (length & 0x7f));
    head[used++] = (char)length;
    memcpy(head + used, "\0\5bench", 7);
    fill_body(body, number);
    put(c, head, used + 7);
    put(c, body, (size_t)options.body);
}

static const struct wire wires[] = {
    {"mrsambosk", true, greet_host, read_host, post_host},
    {"websocket", true, greet_plain, read_plain, post_plain},
    {"irc", false, greet_irc, read_irc, post_irc},
    {"mqtt", true, greet_mqtt, read_mqtt, post_mqtt},
};

const struct wire *find_wire(const char *name) {
    for (size_t i = 0; i < sizeof wires / sizeof *wires; i++)
        if (!strcmp(wires[i].name, name)) return &wires[i];
    fprintf(stderr, "no wire format called %s\n", name);
    exit(2);
}
