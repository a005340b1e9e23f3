from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from perfkit.cli import signals
from perfkit.cli.signals import as_interrupt

NUMBERS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", NUMBERS)
def test_each_signal_is_an_interrupt(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), as_interrupt():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_further_signals_do_not_break_cleaning_up(capfd: pytest.CaptureFixture[str]) -> None:
    with as_interrupt():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            pytest.fail("not interrupted")
        except KeyboardInterrupt:
            for number in NUMBERS:
                os.kill(os.getpid(), number)
            cleaned = True
    assert cleaned
    assert capfd.readouterr().err.count("stopping") == 3


def test_after_the_grace_somebody_who_insists_gets_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "GRACE", 0.0)
    with as_interrupt():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with as_interrupt():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_nothing_is_touched() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]
    seen = []

    def look() -> None:
        with as_interrupt():
            seen.extend(signal.getsignal(number) for number in NUMBERS)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == before


@pytest.mark.parametrize("number", NUMBERS)
def test_exit_code_of_a_process_that_is_told_to_stop(number: signal.Signals) -> None:
    code = (
        "import sys, time, perfkit.provision.interpreters as i\n"
        "from perfkit.cli import entry_point\n"
        "def wait(**_):\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "i.find_all = wait\n"
        "sys.argv = ['perfkit', 'pythons']\n"
        "entry_point()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err.strip()) == (130, b"perfkit: interrupted")
