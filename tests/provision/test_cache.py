from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from perfkit.errors import ProvisionError
from perfkit.provision.cache import cache_contents, cache_root, clean, key_of, obtain

if TYPE_CHECKING:
    from pathlib import Path


def note(folder: Path) -> dict[str, Any]:
    (folder / "data").write_text("x" * 1000, encoding="utf-8")
    return {"value": 1}


def always(_folder: Path, _facts: dict[str, Any]) -> bool:
    return True


def in_another_process(code: str, *arguments: object) -> None:
    """Run code that may use `obtain`, `note` and `always`, in a process that ends."""
    head = """
        import os, sys
        from pathlib import Path
        from perfkit.provision.cache import obtain
        def note(folder):
            (folder / "data").write_text("x" * 1000)
            return {"value": 1}
        def always(folder, facts):
            return True
        cache = Path(sys.argv[1])
    """
    text = textwrap.dedent(head) + textwrap.dedent(code)
    subprocess.run([sys.executable, "-c", text, *map(str, arguments)], check=True)


MAKE = 'obtain(cache, "wheels", sys.argv[2], label="made", build=note, usable=always)'


def test_an_entry_is_built_once(tmp_path: Path) -> None:
    built: list[Path] = []

    def build(folder: Path) -> dict[str, Any]:
        built.append(folder)
        return note(folder)

    for reused in (False, True, True):
        entry = obtain(tmp_path, "wheels", "ab", label="a", build=build, usable=always)
        assert entry.reused is reused
        assert entry.facts == {"value": 1}
        assert (entry.folder / "data").is_file()
    assert len(built) == 1


def test_an_entry_that_is_no_longer_usable_is_built_again(tmp_path: Path) -> None:
    def has_data(folder: Path, _: dict[str, Any]) -> bool:
        return (folder / "data").is_file()

    entry = obtain(tmp_path, "wheels", "ab", label="a", build=note, usable=has_data)
    (entry.folder / "data").unlink()
    again = obtain(tmp_path, "wheels", "ab", label="a", build=note, usable=has_data)
    assert not again.reused
    assert (again.folder / "data").is_file()


@pytest.mark.parametrize("marker", [None, "", "{", "[]", '{"facts": 3}'])
def test_a_half_built_entry_is_built_again_from_nothing(tmp_path: Path, marker: str | None) -> None:
    folder = tmp_path / "wheels" / "ab"
    folder.mkdir(parents=True)
    (folder / "rest").write_text("half", encoding="utf-8")
    if marker is not None:
        (folder / "entry.json").write_text(marker, encoding="utf-8")
    entry = obtain(tmp_path, "wheels", "ab", label="a", build=note, usable=always)
    assert not entry.reused
    assert not (folder / "rest").exists()


def test_a_failed_build_leaves_no_entry(tmp_path: Path) -> None:
    def fail(folder: Path) -> dict[str, Any]:
        note(folder)
        raise ProvisionError("no")

    with pytest.raises(ProvisionError):
        obtain(tmp_path, "wheels", "ab", label="a", build=fail, usable=always)
    assert not obtain(tmp_path, "wheels", "ab", label="a", build=note, usable=always).reused


def test_a_cache_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ProvisionError, match="cannot be written") as caught:
        obtain(tmp_path / "file", "wheels", "ab", label="a", build=note, usable=always)
    assert "PERFKIT_CACHE" in str(caught.value)


def test_contents_tell_size_and_use(tmp_path: Path) -> None:
    in_another_process(MAKE, tmp_path, "ab")
    obtain(tmp_path, "builds", "cd", label="mine", build=note, usable=always)
    by_key = {entry.key: entry for entry in cache_contents(tmp_path)}
    assert by_key.keys() == {"ab", "cd"}
    assert by_key["ab"].label == "made"
    assert not by_key["ab"].in_use
    assert by_key["cd"].in_use
    assert by_key["cd"].size > 1000
    assert abs(by_key["cd"].last_used - time.time()) < 60


def test_clean_removes_what_no_process_uses(tmp_path: Path) -> None:
    in_another_process(MAKE, tmp_path, "ab")
    obtain(tmp_path, "wheels", "cd", label="mine", build=note, usable=always)
    result = clean(cache=tmp_path)
    assert [entry.key for entry in result.removed] == ["ab"]
    assert [entry.key for entry in result.in_use] == ["cd"]
    assert result.freed > 1000
    assert not (tmp_path / "wheels" / "ab").exists()
    assert (tmp_path / "wheels" / "cd" / "data").is_file()


def test_clean_spares_what_another_process_uses(tmp_path: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from perfkit.provision.cache import obtain
        obtain(Path(sys.argv[1]), "wheels", "ab", label="theirs",
               build=lambda folder: {}, usable=lambda *_: True)
        print("ready", flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert [entry.key for entry in clean(cache=tmp_path).in_use] == ["ab"]
        other.kill()
    assert [entry.key for entry in clean(cache=tmp_path).removed] == ["ab"]


def test_clean_spares_what_is_being_built(tmp_path: Path) -> None:
    results = []

    def build(folder: Path) -> dict[str, Any]:
        results.append(clean(cache=tmp_path))
        return note(folder)

    entry = obtain(tmp_path, "wheels", "ab", label="a", build=build, usable=always)
    assert [e.key for e in results[0].in_use] == ["ab"]
    assert (entry.folder / "data").is_file()


def test_clean_by_age(tmp_path: Path) -> None:
    for key in ("aa", "bb"):
        in_another_process(MAKE, tmp_path, key)
    old = time.time() - 10 * 86400
    os.utime(tmp_path / "wheels" / "aa" / "entry.json", (old, old))
    result = clean(timedelta(days=5), cache=tmp_path)
    assert [entry.key for entry in result.removed] == ["aa"]
    assert (tmp_path / "wheels" / "bb").is_dir()


def test_using_an_entry_makes_it_young_again(tmp_path: Path) -> None:
    in_another_process(MAKE, tmp_path, "aa")
    old = time.time() - 10 * 86400
    os.utime(tmp_path / "wheels" / "aa" / "entry.json", (old, old))
    in_another_process(MAKE, tmp_path, "aa")
    assert clean(timedelta(days=5), cache=tmp_path).removed == ()


def test_an_empty_cache_is_clean(tmp_path: Path) -> None:
    assert cache_contents(tmp_path / "none") == []
    assert clean(cache=tmp_path / "none").removed == ()


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PERFKIT_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv("PERFKIT_CACHE")
    assert cache_root().name == "perfkit"


def test_keys_differ_with_any_part() -> None:
    assert key_of("a", ["b", 1]) == key_of("a", ["b", 1])
    assert len({key_of("a", ["b", 1]), key_of("a", ["b", "1"]), key_of("a", "b", 1)}) == 3


def test_users_leave_nothing_behind(tmp_path: Path) -> None:
    in_another_process(MAKE, tmp_path, "aa")
    assert list((tmp_path / "users").iterdir()) == []
    with pytest.raises(subprocess.CalledProcessError):
        in_another_process(f"{MAKE}; os.kill(os.getpid(), 9)", tmp_path, "aa")
    assert list((tmp_path / "users").iterdir())
    assert [entry.in_use for entry in cache_contents(tmp_path)] == [False]
    assert list((tmp_path / "users").iterdir()) == []
