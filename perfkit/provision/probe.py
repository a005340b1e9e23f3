"""Ask an executable what Python it is, once."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfkit.provision.tools import tool_environ
from perfkit.variant import VENV, Interpreter

if TYPE_CHECKING:
    from collections.abc import Iterable

TIMEOUT = 10.0
"""Seconds after which an executable counts as broken."""

# Understood by any Python 3: an old one answers too, and can be named in an error message.
_QUESTION = """
import json, sys, sysconfig
v = sys.version_info
level = {"alpha": "a", "beta": "b", "candidate": "rc"}.get(v[3])
print(json.dumps({
    "executable": sys.executable,
    "base_executable": getattr(sys, "_base_executable", sys.executable),
    "implementation": sys.implementation.name,
    "version": "%d.%d.%d" % v[:3] + (level + str(v[4]) if level else ""),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "build": " ".join(sys.version.split()),
    "config_args": sysconfig.get_config_var("CONFIG_ARGS") or "",
    "platform": sysconfig.get_platform(),
}))
"""
_FACTS = frozenset(
    {"executable", "base_executable", "implementation", "version", "free_threaded"}
    | {"build", "config_args", "platform"}
)
_STORE = "interpreters.json"
_SCHEMA = 1


def ask(executable: Path, *, found_by: str, as_written: bool) -> Interpreter | None:
    """What one executable says it is.

    Args:
        executable: The program to run.
        found_by: Noted in the answer; a virtual environment's interpreter kept is ``VENV``.
        as_written: Keep a virtual environment's interpreter instead of the one it stands on.

    Returns:
        The interpreter, or None when it is broken, too slow, or no Python 3.
    """
    facts = _run(executable)
    return (
        None if facts is None else _interpreter(executable, facts, found_by, as_written=as_written)
    )


def ask_all(
    executables: Iterable[tuple[str, Path]], *, cache: Path | None
) -> tuple[Interpreter, ...]:
    """What several executables say they are, without broken ones; virtual environments resolved.

    Args:
        executables: ``(found_by, path)``; the first of several paths to one file counts.
        cache: Folder in which answers are remembered for as long as a file's size and time of
            change stay the same; None to ask each time.
    """
    unique: dict[Path, str] = {}
    for found_by, path in executables:
        unique.setdefault(_real(path), found_by)
    known = _load(cache)
    stamps = {path: _stamp(path) for path in unique}
    unknown = [path for path in unique if known.get(str(path), {}).get("stamp") != stamps[path]]
    if unknown:
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            for path, facts in zip(unknown, pool.map(_run, unknown), strict=True):
                known.pop(str(path), None)
                if facts is not None:
                    known[str(path)] = {"stamp": stamps[path], "facts": facts}
        _save(cache, known)
    answers = (
        _interpreter(path, known[str(path)]["facts"], found_by, as_written=False)
        for path, found_by in unique.items()
        if str(path) in known
    )
    by_executable: dict[str, Interpreter] = {}
    for answer in answers:
        if answer is not None:
            by_executable.setdefault(answer.executable, answer)
    return tuple(by_executable.values())


def _interpreter(
    path: Path, facts: dict[str, Any], found_by: str, *, as_written: bool
) -> Interpreter | None:
    executable = _real(Path(facts["executable"] or path))
    if _in_virtual_environment(path) and as_written:
        executable = path.absolute()
        found_by = VENV
    elif _in_virtual_environment(executable):
        # Its interpreter is a copy, not a link: take the one it was copied from.
        executable = _real(Path(facts["base_executable"] or path))
        if _in_virtual_environment(executable) or not executable.is_file():
            return None
    return Interpreter(
        executable=str(executable),
        implementation=facts["implementation"],
        version=facts["version"],
        free_threaded=facts["free_threaded"],
        build=facts["build"],
        config_args=facts["config_args"],
        platform=facts["platform"],
        found_by=found_by,
    )


def _in_virtual_environment(executable: Path) -> bool:
    # Not asked of the interpreter: before 3.14 it cannot tell under -S.
    return any((folder / "pyvenv.cfg").is_file() for folder in executable.parents[:2])


def _run(executable: Path) -> dict[str, Any] | None:
    try:
        done = subprocess.run(
            [str(executable), "-I", "-S", "-c", _QUESTION],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=tool_environ(),
            timeout=TIMEOUT,
            check=True,
        )
        facts = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return facts if _is_answer(facts) else None


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return path.absolute()


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size]


def _load(cache: Path | None) -> dict[str, Any]:
    """What is remembered; nothing of it when the file is missing, damaged or of another perfkit."""
    try:
        stored = json.loads((cache / _STORE).read_text(encoding="utf-8")) if cache else {}
        if stored["schema"] != _SCHEMA:
            return {}
        return {
            path: {"stamp": answer["stamp"], "facts": answer["facts"]}
            for path, answer in stored["answers"].items()
            if _is_answer(answer["facts"])
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _is_answer(facts: object) -> bool:
    return isinstance(facts, dict) and facts.keys() >= _FACTS


def _save(cache: Path | None, answers: dict[str, Any]) -> None:
    if cache is None:
        return
    text = json.dumps({"schema": _SCHEMA, "answers": answers}, indent=1)
    part = cache / f"{_STORE}.{os.getpid()}"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(cache / _STORE)
    except OSError:  # only a saving of time: a full disk is met where it matters
        part.unlink(missing_ok=True)
