"""Where load may go, and which command lines can be started."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from perfkit.loadtest.target import check_command, check_target, fill_in, free_port, is_taken


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000",
        "http://127.9.9.9:80/shop/",
        "https://localhost",
        "http://LOCALHOST:8000",
        "http://[::1]:8000",
        "http://[::ffff:127.0.0.1]:8000",
    ],
)
def test_this_machine(url: str) -> None:
    assert check_target(url, ()) is None


@pytest.mark.parametrize("url", ["http://192.0.2.7:8000", "http://0.0.0.0:80", "http://[::2]/"])
def test_another_machine(url: str) -> None:
    error = check_target(url, ("198.51.100.1",))
    assert error is not None
    assert "not on this machine" in str(error)
    assert "--allow-host" in str(error)
    assert check_target(url, (str(error.remedy).split()[2],)) is None


def test_an_address_of_this_machine_that_others_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    link = SimpleNamespace(address="fe80::7%eth0")
    interfaces = {"eth0": [SimpleNamespace(address="192.0.2.2"), link]}
    monkeypatch.setattr("psutil.net_if_addrs", lambda: interfaces)
    for url in ("http://192.0.2.2:18765", "http://[fe80::7%eth0]:80"):
        error = str(check_target(url, ()))
        assert "the service is on this machine" in error
        assert "--allow-host" in error
        assert "127.0.0.1" in error
    assert check_target("http://192.0.2.2:18765", ("192.0.2.2",)) is None
    assert "not on this machine" in str(check_target("http://192.0.2.3", ()))


def test_a_name_of_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: object, **__: object) -> list[object]:
        stream = socket.SOCK_STREAM
        return [
            (socket.AF_INET, stream, 6, "", ("127.0.0.1", 0)),
            (socket.AF_INET6, stream, 6, "", ("fe80::1%eth0", 0, 0, 2)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    assert check_target("http://shop.example", ()) is not None
    assert check_target("http://Shop.Example", ("SHOP.example",)) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("127.0.0.1:8000", "not an address"),
        ("ftp://127.0.0.1", "not an address"),
        ("http://", "not an address"),
        ("http://127.0.0.1:0", "not an address"),
        ("http://127.0.0.1:99999", "not an address"),
        ("http://127.0.0.1:port", "not an address"),
        ("http://[::1", "not an address"),
        ("http://127.0.0.1/?a=1", "more than a base address"),
        ("http://127.0.0.1/#a", "more than a base address"),
        ("http://me:secret@127.0.0.1", "credentials"),
        ("http://no-such-host.invalid", "not known"),
        ("http://" + "x" * 300, "not known"),
    ],
)
def test_no_address(url: str, words: str) -> None:
    error = check_target(url, ())
    assert error is not None
    assert words in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("", "where its port goes"),
        ("serve --port 8000", "where its port goes"),
        ("serve '{port}", "cannot be split"),
    ],
)
def test_no_command(command: str, words: str) -> None:
    assert words in str(check_command(command))


def test_commands() -> None:
    python = ("/env/bin/python", "-X", "gil=0")
    command = "{python} -c 'print({host})' --bind={host}:{port} --with={python} '{\"a\": 1}' $HOME"
    assert check_command(command) is None
    assert fill_in(command, python=python, port=81) == [
        *python,
        "-c",
        "print(127.0.0.1)",
        "--bind=127.0.0.1:81",
        "--with=/env/bin/python",
        '{"a": 1}',
        "$HOME",
    ]


def test_a_free_port() -> None:
    port = free_port()
    assert not is_taken("127.0.0.1", port)
    with socket.create_server(("127.0.0.1", port)):
        assert is_taken("127.0.0.1", port)
    assert not is_taken("192.0.2.1", port)  # which is not here, and nobody's port
