"""Runs inside the Python under test: parks a pyperf script at one task and times turns on request.

Standard library + pyperf only, in the syntax of Python 3.9.

Protocol: lines of ASCII over duplicates of stdin and stdout (fd 1 itself points to stderr
afterwards, since benchmarks print; fd 0 reads nothing).

    to perfkit                          meaning
    task JSON                           parked at a task, or (listing) came by one
    turn WALL CPU QUEUED SPIN WHOLE     answer to `turn`: seconds the task reports, spin included;
                                        CPU seconds of the process and its children; seconds of
                                        WALL spent in line for the CPU, -1 if unknown; spin alone;
                                        WALL and what the task did not time beside it, less spin
                                        and seconds in line
    rss BYTES                           answer to `rss`: peak resident memory, 0 when unknown
    modules JSON                        answer to `modules`: files by name of what was imported
                                        neither from the environment nor the standard library
    traced BYTES                        answer to `trace`: peak of what one call allocated, -1 for
                                        a command, whose memory is another process's
    untraced JSON                       answer to `trace`: why the call could not be traced
    error JSON                          the task or the script raised; its traceback is on stderr
    end                                 the script ran to its end (an exit code says the rest)

    from perfkit                        meaning
    turn LOOPS RUN_IN SPIN              run RUN_IN loops untimed, then LOOPS timed, then SPIN
                                        rounds of a busy loop that are timed and added
    rss                                 ask for peak memory
    modules                             ask where modules came from
    trace                               call the task once, untimed, under tracemalloc; the last
                                        thing asked, since it changes memory and speed
    quit (or end of file)               leave the task; the script goes on behind it, as in
                                        pyperf's own worker, so that its clean-up runs

pyperf's Runner hands every task to ``Runner._worker(task)`` when the script is run with pyperf's
own ``--worker`` option, whichever ``bench_*`` method made it. That is the one private method
replaced; of the task it gives, ``name``, ``task_func``, ``inner_loops`` and ``metadata`` are used,
and of a ``bench_command`` the command, ``task_func.args[0]``. Besides, ``pyperf._hooks`` is kept
from searching for hooks (`import_pyperf`).
``tests/measure/test_pyperf_guard.py`` fails when any of this changes.
"""

from __future__ import annotations

import os
import sys
from time import perf_counter  # kept, since benchmarks may replace time's own

from _perfkit_clock import Clocks, can_time_commands, time_call, time_command

TYPE_CHECKING = False  # typing itself is not worth its import in every measured process
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

LIST = "list"


class Channel:
    """The protocol's two descriptors."""

    def __init__(self, reader: int, writer: int) -> None:
        """Take over the two descriptors."""
        self._reader = os.fdopen(reader, "r", encoding="ascii")
        self._writer = writer
        self._owner = os.getpid()

    @property
    def own(self) -> bool:
        """This is the process perfkit talks to, not a fork of it."""
        return os.getpid() == self._owner

    def send(self, line: str) -> None:
        """Write one line at once, unless this is a fork of the process perfkit talks to."""
        if self.own:
            os.write(self._writer, line.encode("ascii") + b"\n")

    def send_json(self, word: str, value: object) -> None:
        """Write a word and a JSON value."""
        import json

        self.send(word + " " + json.dumps(value, default=str))

    def receive(self) -> list[str]:
        """Words of the next line; ``["quit"]`` at the end of file."""
        return self._reader.readline().split() or ["quit"]


def take_descriptors() -> Channel:
    """Move the protocol off fd 0 and 1, which benchmarks may use as they like."""
    channel = Channel(os.dup(0), os.dup(1))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return channel


def import_pyperf() -> ModuleType:
    """Import pyperf without the two imports that are a third of its start-up time.

    psutil is optional to pyperf and only used for metadata and affinity; importlib.metadata only
    looks for hooks, of which a parked worker runs none. Scripts that import either get the real
    one.
    """
    import importlib
    import types

    light = types.SimpleNamespace(entry_points=NoEntryPoints)
    hidden: Any = {"psutil": None, "importlib.metadata": light}
    hidden = {name: module for name, module in hidden.items() if name not in sys.modules}
    sys.modules.update(hidden)
    importlib.metadata = light  # type: ignore[assignment]
    try:
        import pyperf
    finally:
        for name in hidden:
            del sys.modules[name]
        del importlib.metadata
        if "importlib.metadata" in sys.modules:  # a .pth file had imported it before us
            importlib.metadata = sys.modules["importlib.metadata"]
    hooks: Any = sys.modules.get("pyperf._hooks")
    if hooks is not None:  # looks the hooks up anew for each Runner
        hooks.importlib = types.SimpleNamespace(metadata=light)
    return pyperf  # type: ignore[no-any-return]


class NoEntryPoints(dict):  # type: ignore[type-arg]
    """What ``entry_points()`` gives where nothing is installed, before and since Python 3.10."""

    def __missing__(self, _group: str) -> tuple[()]:
        """Nothing is in the group."""
        return ()

    def select(self, **_parameters: object) -> tuple[()]:
        """Nothing matches."""
        return ()


class Worker:
    """Stands in for ``pyperf.Runner._worker``."""

    def __init__(self, channel: Channel, pyperf: ModuleType, *, listing: bool) -> None:
        """Listen on the channel; when listing, only tell which tasks come by."""
        self._channel = channel
        self._pyperf = pyperf
        self._listing = listing
        self._clocks = Clocks()

    def take(self, task: Any) -> object:
        """Take a task over from pyperf; give the script a benchmark, as pyperf's worker does."""
        self._channel.send_json(
            "task",
            {
                "name": task.name,
                "inner_loops": task.inner_loops or 1,
                "unit": task.metadata.get("unit", "second"),
                "description": str(task.metadata.get("description", "")),
                "clock": clock_of(task),
                "version": sys.version,
                "pyperf": self._pyperf.__version__,
            },
        )
        if not self._listing:
            self._park(task)
        one = self._pyperf.Run([1.0], metadata={"name": task.name}, collect_metadata=False)
        return self._pyperf.Benchmark([one])

    def _park(self, task: Any) -> None:
        while True:
            word, *numbers = self._channel.receive()
            if word == "turn":
                loops, run_in, spin = map(int, numbers)
                try:
                    times = run_turn(self._clocks, task, loops, run_in, spin)
                except BaseException as error:  # told here, since the script may swallow it
                    self._channel.send_json("error", describe(error))
                    raise
                self._channel.send("turn %r %r %r %r %r" % times)
            elif word == "rss":
                self._channel.send("rss %d" % (0 if "command" in task.metadata else peak_rss()))
            elif word == "modules":
                self._channel.send_json("modules", foreign_modules())
            elif word == "trace":
                self._trace(task)
            else:
                return

    def _trace(self, task: Any) -> None:
        if "command" in task.metadata:
            self._channel.send("traced -1")
            return
        try:
            peak = traced_peak(task)
        except BaseException as error:  # the block has its times: nothing may be lost by this
            if not self._channel.own:
                raise
            self._channel.send_json("untraced", describe(error))
        else:
            self._channel.send("traced %d" % peak)


def hook(pyperf: ModuleType, worker: Worker) -> None:
    """Have every Runner hand its tasks to the worker."""
    runner: Any = pyperf.Runner
    if not hasattr(runner, "_worker"):
        raise RuntimeError("perfkit does not support pyperf %s" % pyperf.__version__)
    runner._worker = lambda _runner, task: worker.take(task)  # noqa: SLF001 - guarded by a test


def run_turn(
    clocks: Clocks, task: Any, loops: int, run_in: int, spin: int
) -> tuple[float, float, float, float, float]:
    """One turn: untimed run-in, timed loops, then the injected busy loop."""
    command = command_of(task)
    if command is not None:
        if run_in:
            time_command(clocks, command, run_in)
        wall, cpu, queued = time_command(clocks, command, loops)
        spun = spin_seconds(spin) if spin else 0.0
        return wall + spun, cpu + spun, queued, spun, wall - max(0.0, queued)

    function = task.task_func
    spun = 0.0

    def work() -> float:
        nonlocal spun
        wall = float(function(task, loops))
        spun = spin_seconds(spin) if spin else 0.0
        return wall + spun

    if run_in:
        function(task, run_in)
    start = perf_counter()
    wall, cpu, queued = time_call(clocks, work)
    whole = perf_counter() - start
    whole -= max(0.0, queued) * max(1.0, whole / wall) if wall > 0 else 0.0
    return wall, cpu, queued, spun, whole - spun


def clock_of(task: Any) -> str:
    """How the task is timed; both sides must be timed alike."""
    if "command" not in task.metadata:
        return "call"
    return "command" if command_of(task) is not None else "pyperf's command"


def command_of(task: Any) -> list[str] | None:
    """The command of a ``bench_command``, where it can be run and timed here."""
    arguments: tuple[Any, ...] = getattr(task.task_func, "args", ())
    if "command" not in task.metadata or not can_time_commands() or len(arguments) != 1:
        return None
    command: list[str] = arguments[0]
    return command


def spin_seconds(rounds: int) -> float:
    """Seconds a busy loop of so many rounds takes."""
    start = perf_counter()
    for _ in range(rounds):
        pass
    return perf_counter() - start


def peak_rss() -> int:
    """Peak resident memory in bytes, 0 when unknown.

    Linux: VmHWM, since ``ru_maxrss`` starts from the peak of the parent that forked.
    """
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def foreign_modules() -> dict[str, str]:
    """Files of modules from neither the environment nor the standard library, by dotted name.

    Without those below another of them. Nothing is called on a module: some only import themselves
    once they are touched.
    """
    roots = (sys.prefix, os.path.dirname(os.path.abspath(os.__file__)))
    inside = tuple(os.path.join(root, "") for root in roots)
    found: dict[str, str] = {}
    for name in sorted(map(str, list(sys.modules))):
        try:
            file = object.__getattribute__(sys.modules[name], "__dict__").get("__file__")
        except Exception:  # noqa: BLE001, S112 - whatever a script has put there
            continue
        if not isinstance(file, str) or name == "__main__":
            continue
        parts = name.split(".")
        above = (".".join(parts[:count]) for count in range(1, len(parts)))
        if not os.path.abspath(file).startswith(inside) and not any(one in found for one in above):
            found[name] = file
    return found


def traced_peak(task: Any) -> int:
    """Peak bytes above the start that one call of the task allocates, as tracemalloc sees them.

    Python's own allocators, and those of extensions that report to it (NumPy); all threads, no
    other processes. Rubbish is collected first, so that the collector runs at the same moments in
    every process.
    """
    import _tracemalloc as tracemalloc  # what tracemalloc itself uses, without 15 ms of imports
    import gc

    gc.collect()
    found = tracemalloc.is_tracing()  # the script's own doing, and then left as it is
    if not found:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        task.task_func(task, 1)
        if not tracemalloc.is_tracing():
            raise RuntimeError("the benchmark stops tracemalloc")
        return max(0, tracemalloc.get_traced_memory()[1] - before)
    finally:
        if not found:
            tracemalloc.stop()


def run_script(path: str, arguments: list[str]) -> None:
    """Run a script the way Python itself would."""
    import builtins
    import types

    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    sys.argv[:] = [path, *arguments]
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    exec(code, vars(module))  # noqa: S102 - running the user's benchmark is the point


def describe(error: BaseException) -> str:
    """Type and first line of an exception; the last line of a traceback may be small print."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = "%s.%s" % (kind.__module__, name)
    try:
        text = str(error).strip().partition("\n")[0]
    except Exception:  # noqa: BLE001 - the benchmark's own class
        text = "(its text cannot be had)"
    return "%s: %s" % (name, text) if text else name


def worker_options(task: str) -> list[str]:
    """The options of pyperf's own that make a Runner hand over one task, or all of them."""
    options = ["--worker", "--loops=1", "--values=1", "--warmups=0"]
    return options if task == LIST else [*options, "--worker-task=" + task]


def main(argv: list[str]) -> int:
    """Park at task number ``argv[0]`` of the script ``argv[1]``, or list its tasks."""
    task, path, *arguments = argv
    channel = take_descriptors()
    try:
        pyperf = import_pyperf()
        hook(pyperf, Worker(channel, pyperf, listing=task == LIST))
        run_script(path, worker_options(task) + arguments)
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            raise  # what it says comes with the exit code and stderr
    except BaseException as error:
        channel.send_json("error", describe(error))
        raise
    channel.send("end")
    return 0
