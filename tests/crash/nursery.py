"""A process that has everything loaded and used once, and forks a child for each deed: a child is there in no time.

Never takes part in a deed itself. It is told of one in a line of JSON on stdin, and answers in one
on stdout: how many steps the child made, or null where it was killed.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


def act(deed):
    """Do it, and die at the point; returns the number of steps of who lives to tell."""
    from reminder_kit.model.instants import from_iso
    from reminder_kit.testing.crash import kill_at
    from tests.crash.stories import KINDS, make_kit

    scenario = KINDS[deed["kind"]].scenarios[deed["scenario"]]
    rules, at = scenario.rules, from_iso(deed["at"])
    with make_kit(deed["kind"], deed["url"], deed["root"], at, rules, deed["key"], timeout=deed["timeout"]) as kit:
        points = kill_at(kit, deed["point"], statements=deed["statements"])
        if deed["again"]:
            kit.resync(force=True)
        else:
            webhook = deed["webhook"] and (deed["webhook"][0], deed["webhook"][1].encode("latin-1"))
            scenario.act(kit, webhook)
        return len(points.steps)


def _born(deed):
    """Fork a child that does it; returns what it says, None where it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)
            os.write(writing, str(act(deed)).encode())
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the child must never return into the loop of its parent
            sys.excepthook(*sys.exc_info())
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as answers:
        said = answers.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    if status or not said:
        raise RuntimeError(f"the child of {deed} ended with {status}")
    return int(said)


def _warm_up():
    """Use everything once, and leave no thread behind."""
    from reminder_kit.sandbox import Sandbox, serve
    from tests.crash.stories import FIRST, KINDS, MOVED, START, make_kit, purged

    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder, serve(Sandbox(clock=START)) as server:
            with make_kit(kind, f"sqlite:///{folder}/warm.db", server.url) as kit:
                kit.sync(FIRST)
                kit.sync(MOVED, force=True)
                kit.suppress("+12025550123")
                kit.status()
            with make_kit(kind, f"sqlite:///{folder}/warm.db", server.url) as kit:
                purged(kit, None)


def main():
    """Fork children as long as somebody asks for them."""
    _warm_up()
    gc.collect()
    gc.freeze()  # what children share with their parent is not touched again
    gc.disable()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(_born(json.loads(line))), flush=True)


class Nursery:
    """The other end: hand over a deed, get back what became of it."""

    def __init__(self, process):
        self._process = process

    def steps(self, **deed):
        """Return how many steps a child made in doing this, None where it was killed at its point."""
        self._process.stdin.write(json.dumps(deed) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the process that forks the children is gone: its error is above"
        return json.loads(line)


@contextmanager
def nursery():
    """Start one, and end it again."""
    command = [sys.executable, "-m", "tests.crash.nursery"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        yield Nursery(process)
        process.stdin.close()
        process.wait(20)


if __name__ == "__main__":
    main()
