"""What a report tells, and what is struck out of it."""

import pytest

from mrsambosk_desktop.core.report import Cleaner, Facts, Private, report

PRIVATE = Private(
    names={"Dana", "Staff room", "lobby", "דנה", "dana-laptop", "C++ (beta)"},
    texts={"the planted body\nsecond line of it", "ok"},
    folders={"/home/dana": "~", "/home/dana/.local/share/mrsambosk": "[profile]"},
)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("12:04:59 the window is shown", "12:04:59 the window is shown"),
        (
            "at 192.168.1.20:8765, 10.1.2.3 and 172.20.0.9",
            "at [in 192.168.0.0/16]:8765, [in 10.0.0.0/8] and [in 172.16.0.0/12]",
        ),
        ("via 100.64.3.4 to 8.8.8.8 by 127.0.0.1", "via [in 100.64.0.0/10] to [public address] by [this machine]"),
        ("169.254.1.1 fe80::1%eth0 ::1", "[link-local] [link-local] [this machine]"),
        ("[2001:4860:4860::8888]:8765 fd12:3456::1", "[[public address]]:8765 [in fc00::/7]"),
        ("::ffff:192.168.1.20", "[in 192.168.0.0/16]"),
        ("to 1:22:333:10.0.0.1", "to 1:22:333:[in 10.0.0.0/8]"),
        ("version 6.11.3 and 1.2.3.4.5", "version 6.11.3 and 1.2.3.4.5"),
        ("mrsambosk://join?at=192.168.1.20:8765&code=ABCD-2345", "[invite]"),
        ("Bearer " + "aB3_" * 10 + "aB3", "Bearer [token]"),
        ("key " + "QX7A" * 13, "key [key]"),
        ("code ABCD-2345 and ABCD-2345-EFGH-6789", "code [code] and [code]"),
        ("Dana's room DANA danais דנה", "[name]'s room [name] danais [name]"),
        ("in Staff room: C++ (beta)!", "in [name]: [name]!"),
        ("dana-laptop answers, printer.local too", "[name] answers, [machine] too"),
        ("said the planted body twice", "said [text] twice"),
        ("and second line of it, ok", "and [text], ok"),
        ("'the planted body\\x0asecond line of it'", "'[text]'"),
        ("/home/dana/.local/share/mrsambosk/replica.db in /home/dana/x", "[profile]/replica.db in ~/x"),
        ("a\x1b[31m\u202eb", "a\\x1b[31m\\u202eb"),
    ],
)
def test_a_line(line: str, shown: str) -> None:
    assert Cleaner(PRIVATE).line(line) == shown


def test_all_that_is_known_is_told() -> None:
    facts = Facts(
        versions={"Mrsambosk": "1.0", "Python": "3.11.2"},
        look={"theme": "dark", "text size": "1.25"},
        connection={"connection": "live"},
        ends=("4008", "stalled"),
        counts={"waiting to be sent": 2, "messages kept here": 12345},
        sizes={"replica.db": 1048576},
        log=("Dana at 10.0.0.5",),
    )
    text = report(facts, PRIVATE)
    for said in (
        "Mrsambosk: 1.0",
        "theme: dark",
        "connection: live",
        "4008, stalled",
        "waiting to be sent: 2",
        "messages kept here: 12,345",
        "replica.db: 1,048,576 bytes",
        "[name] at [in 10.0.0.0/8]",
    ):
        assert said in text.replace("\n", " ")


def test_nobody_private_strikes_nothing() -> None:
    assert Cleaner(Private(names={"", " "}, texts={""})).line("all of it") == "all of it"
