"""`make fuzz`: many damaged documents for each importer, on every core.

    python -m tests.fuzz [IMPORTER…] [--count N] [--seed N]

Exits with 1 when any document failed; each is saved below `out/fuzz` and printed with its seed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from tests.conftest import ROOT
from tests.fuzz.documents import AWS, IMPORTERS, starts
from tests.fuzz.trial import SECONDS, attempt, damaged

_COUNT = 100_000
_MEMORY = 4 * 1024**3
_SAVED = ROOT / "out" / "fuzz"
#: After this many failures of one importer in one process there is enough to look at.
_ENOUGH = 20


@dataclass
class _Worker:
    process: multiprocessing.Process
    place: Synchronized[int]
    numbers: range
    seen: int = -1
    since: float = field(default_factory=time.monotonic)


def real_folder() -> Path | None:
    """The folder of real exports, where SOD_REALDATA names one that is there."""
    named = os.environ.get("SOD_REALDATA")
    return Path(named).resolve() if named and (Path(named) / "README.md").is_file() else None


def _work(
    importer: str,
    numbers: range,
    place: Synchronized[int],
    told: multiprocessing.Queue[tuple[str, str]],
) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    known = starts(importer, real_folder())
    answers: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in numbers:
            place.value = seed
            start = known[seed % len(known)]
            files = damaged(importer, start, seed)
            outcome = attempt(importer, start, files, Path(folder) / "source")
            answers[outcome.answer] += 1
            if outcome.failure is not None:
                saved = _SAVED / importer / f"{seed}-{start.name}"
                for name, content in files.items():
                    (saved / name).parent.mkdir(parents=True, exist_ok=True)
                    (saved / name).write_bytes(content)
                told.put(
                    ("failure", _failure(importer, seed, f"{outcome.failure}\nsaved in {saved}"))
                )
                if answers["failed"] >= _ENOUGH:
                    break
    told.put(("answers", json.dumps(answers)))


def _failure(importer: str, seed: int, text: str) -> str:
    again = f"python -m tests.fuzz {importer} --seed {seed} --count 1"
    return f"--- {importer}, seed {seed}; again: {again}\n{text}"


def _fuzz(importer: str, first: int, count: int) -> bool:
    """Whether every document of one importer was answered; prints what was not."""
    told: multiprocessing.Queue[tuple[str, str]] = multiprocessing.Queue()
    cores = min(os.cpu_count() or 1, count)
    began, good, answers = time.monotonic(), True, Counter[str]()
    waiting = []
    for core in range(cores):
        place: Synchronized[int] = multiprocessing.Value("q", -1)
        numbers = range(first + core, first + count, cores)
        process = multiprocessing.Process(target=_work, args=(importer, numbers, place, told))
        process.start()
        waiting.append(_Worker(process, place, numbers))
    while waiting or not told.empty():
        while not told.empty():
            kind, text = told.get()
            if kind == "answers":
                answers.update(json.loads(text))
            else:
                good = False
                print(text, flush=True)  # noqa: T201
        time.sleep(0.05)
        still = []
        for worker in waiting:
            trouble = _trouble(worker)
            if trouble:
                good = False
                print(_failure(importer, worker.place.value, trouble), flush=True)  # noqa: T201
            elif worker.process.is_alive():
                still.append(worker)
        waiting = still
    taken = time.monotonic() - began
    known = ", ".join(f"{answers[name]:,} {name}" for name in ("read", "refused", "failed"))
    print(f"{importer}: {sum(answers.values()):,} documents in {taken:.0f} s: {known}", flush=True)  # noqa: T201
    return good and sum(answers.values()) == count


def _trouble(worker: _Worker) -> str | None:
    """What is wrong with a process as such: it died, or stands still where no timer reaches."""
    now = time.monotonic()
    if worker.place.value != worker.seen:
        worker.seen, worker.since = worker.place.value, now
    if worker.process.is_alive() and now - worker.since > 3 * SECONDS:
        worker.process.kill()
        return "the process stood still and was ended"
    if worker.process.exitcode not in {None, 0}:
        return f"the process died with {worker.process.exitcode}"
    return None


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    every = (*IMPORTERS, AWS)
    parser.add_argument("importers", nargs="*", metavar="IMPORTER", help=", ".join(every))
    parser.add_argument("--count", type=int, default=_COUNT, help="documents for each importer")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    asked = parser.parse_args()
    unknown = sorted(set(asked.importers) - set(every))
    if unknown or asked.count < 1:
        parser.error(f"no importer {', '.join(unknown)}" if unknown else "--count: at least 1")
    print(f"real exports: {'yes' if real_folder() else 'no, samples alone (set SOD_REALDATA)'}")  # noqa: T201
    good = [_fuzz(name, asked.seed, asked.count) for name in asked.importers or every]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
