"""How fast a run is, beside what others do in the same time: a thousand feeds of thirty entries on loopback.

    python benchmarks/speed [--feeds 1000] [--entries 30] [--rounds 3] [--only cold,304] [--against DIR] [--write FILE]
    python benchmarks/speed --profile SCENARIO

| scenario | what the press does |
|---|---|
| cold | nothing is known: every feed is sent |
| 304 | nothing changed, and every server says so |
| trickle | a tenth of the feeds have one to three new entries; of the rest, three in ten send the same body again |
| slow | as 304, every answer a quarter of a second late |
| tls | as 304, every host over TLS (tls-cold: the same with nothing known) |
| idle | nothing is due |

Every contender is a process of its own that gets a fresh copy of what it had stored after a cold run; all take turns,
round by round. Every feed has a host of its own. Printed are medians; × is how much more than this program takes. The
machine should have nothing else to do. Over TLS newsboat checks no certificates, because it cannot be told of ours.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import pstats
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

import contenders
import hosts
from contenders import Contender, Place, Run
from hosts import LANGUAGES

SCENARIOS = ("cold", "304", "trickle", "slow", "tls", "idle")
OURS = "this program"


class Answers(NamedTuple):
    """What the server did in a run: feeds asked for, answers with and without a body, processor seconds."""

    feeds: int
    full: int
    unchanged: int
    cpu: float


class Course:
    """The server, the addresses of its feeds, and what each contender had stored before."""

    def __init__(self, folder: Path, options: argparse.Namespace, *, tls: bool) -> None:
        self.folder, self.feeds = folder, options.feeds
        self._trust: Mapping[str, str] = {}
        made_of = map(str, (options.feeds, options.entries, options.seed))
        command = [sys.executable, str(Path(__file__).with_name("server.py")), *made_of]
        if tls:
            self._trust = contenders.trusting(folder, hosts.certify(folder / "certificates", self.feeds))
            command.append(str(folder / "certificates"))
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.server.stdout
        ports = json.loads(self.server.stdout.readline())
        self._control = f"http://127.0.0.1:{ports[0]}/-/"
        for name, over_tls in {"plain": False, "tls": True}.items() if tls else {"plain": False}.items():
            (folder / f"{name}.txt").write_text("\n".join(hosts.addresses(self.feeds, ports, tls=over_tls)) + "\n")

    def run(self, contender: Contender, scenario: str) -> tuple[Run, Answers]:
        """One run, from what the contender had stored before."""
        transport = "tls" if scenario.startswith("tls") else "plain"
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            folder = Path(place, "state")
            if scenario in ("cold", "tls-cold"):
                folder.mkdir()
            else:
                shutil.copytree(self._stored(contender, transport), folder)
            run = self._measured(contender, Place(folder, self.folder / f"{transport}.txt", scenario))
            answers = self._asked("counts")
            if scenario == "cold" and not self._kept(contender, "cold").exists():
                shutil.copytree(folder, self._kept(contender, "cold"))
        if answers.feeds != (0 if scenario == "idle" else self.feeds):
            print(f"{contender.name}, {scenario}: asked for {answers.feeds} of {self.feeds} feeds", file=sys.stderr)
        return run, answers

    def _kept(self, contender: Contender, transport: str) -> Path:
        return self.folder / f"{contender.name} {transport}"

    def _stored(self, contender: Contender, transport: str) -> Path:
        """What a contender has after a cold run and a run to find its feet: newsboat keeps validators from then on."""
        kept = self._kept(contender, transport)
        if not kept.exists():
            if not self._kept(contender, "cold").exists():
                self.run(contender, "cold")
            shutil.copytree(self._kept(contender, "cold"), kept)
            if transport == "tls":
                before, after = ((self.folder / f"{name}.txt").read_text().split() for name in ("plain", "tls"))
                contender.move(kept, before, after)
            scenario = "tls" if transport == "tls" else "304"
            self._measured(contender, Place(kept, self.folder / f"{transport}.txt", scenario))
        return kept

    def _measured(self, contender: Contender, place: Place) -> Run:
        command = contender.command(place)
        self._asked({"tls": "304", "tls-cold": "cold"}.get(place.scenario, place.scenario))
        return contenders.measured(command, place.folder, self._trust if "tls" in place.scenario else {})

    def _asked(self, word: str) -> Answers:
        with urllib.request.urlopen(self._control + word) as response:
            counts = json.loads(response.read() or b"{}")
        return Answers(*(counts.get(name, 0) for name in ("feeds", "200", "304", "cpu")))

    def capacity(self, scenario: str) -> Run:
        """What the server alone can do: its answers are fetched by threads and thrown away."""
        nothing = [sys.executable, str(contenders.PROGRAMS / "floor.py"), str(self.folder / "plain.txt")]
        return self.run(Contender("server alone", lambda _: nothing, frozenset()), scenario)[0]


@contextmanager
def course(options: argparse.Namespace, scenarios: Sequence[str]) -> Iterator[Course]:
    """A server with its feeds, for as long as the `with` lasts."""
    with tempfile.TemporaryDirectory() as folder:
        made = Course(Path(folder), options, tls=any("tls" in one for one in scenarios))
        try:
            yield made
        finally:
            made.server.terminate()
            made.server.wait()


def race(course: Course, runners: Sequence[Contender], options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """All runs: scenario -> contender -> what its runs took."""
    found: dict[str, dict[str, Any]] = {}
    for number in range(options.rounds):
        for scenario in options.only:
            for one in runners:
                if scenario not in one.scenarios:
                    continue
                run, answers = course.run(one, scenario)
                held = found.setdefault(scenario, {}).setdefault(one.name, {"runs": [], "server": []})
                held["runs"].append(run)
                held["server"].append(answers)
                print(f"{number + 1} {scenario:8} {one.name:14} {run.wall:6.2f} s {run.cpu:6.2f} s {run.peak:4.0f} MB,"
                      f" {answers.full} bodies, {answers.unchanged} not modified, server {answers.cpu:.2f} s",
                      file=sys.stderr, flush=True)  # fmt: skip
    return found


def table(scenario: str, found: Mapping[str, Any]) -> str:
    """One scenario as Markdown: medians, and how much more than this program."""
    rows = {name: [statistics.median(one) for one in zip(*held["runs"], strict=True)] for name, held in found.items()}
    lines = [f"| {scenario} | wall s | CPU s | peak MB | wall × | CPU × |", "|---|---|---|---|---|---|"]
    wall, cpu, _ = rows.get(OURS) or next(iter(rows.values()))
    for name, (seconds, used, peak) in rows.items():
        lines.append(f"| {name} | {seconds:.2f} | {used:.2f} | {peak:.0f} | {seconds / wall:.2f} | {used / cpu:.2f} |")
    return "\n".join(lines)


def profile(course: Course, scenario: str, options: argparse.Namespace, languages: Sequence[str]) -> None:
    """Runs this program under cProfile and prints where the time went."""
    statistics_file = course.folder / "statistics"

    def command(place: Place) -> list[str]:
        program = str(contenders.PROGRAMS / "profiled.py")
        said = contenders.our_arguments(place, options.arguments, languages)
        return [sys.executable, program, str(options.tree), str(statistics_file), *said]

    if "cold" not in scenario:
        course.run(runner(OURS, options.tree, options, languages), scenario)
    run, _ = course.run(Contender(OURS, command, frozenset()), scenario)
    print(f"{scenario}: {run.wall:.2f} s, {run.cpu:.2f} s of processor time, both with the profiler's own")
    for order in ("cumulative", "tottime"):
        pstats.Stats(str(statistics_file)).sort_stats(order).print_stats(options.lines)


def runner(name: str, tree: Path, options: argparse.Namespace, languages: Sequence[str]) -> Contender:
    """This program as a contender."""
    return contenders.ours(name, tree, options.arguments, languages)


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--entries", type=int, default=30, help="of a feed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(SCENARIOS), help="scenarios")
    parser.add_argument("--without", type=lambda text: text.split(","), default=[], help="contenders to leave out")
    parser.add_argument("--alone", action="store_true", help="this program and nobody else")
    parser.add_argument("--tree", type=Path, default=contenders.ROOT, help="where this program lies")
    parser.add_argument("--against", type=Path, action="append", default=[], help="another tree of it to run beside it")
    parser.add_argument("--arguments", default="", help="more arguments of `aggregator run`")
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "speed-peers",
                        help="where the environment of the Python libraries is, or is made")  # fmt: skip
    parser.add_argument("--write", type=Path, help="writes all runs as JSON")
    parser.add_argument("--profile", metavar="SCENARIO", help="runs this program alone, under cProfile")
    parser.add_argument("--lines", type=int, default=45, help="of a profile")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server ends too
    languages = [LANGUAGES[number % len(LANGUAGES)] for number in range(chosen.feeds)]
    with course(chosen, [chosen.profile] if chosen.profile else chosen.only) as made:
        if chosen.profile:
            profile(made, chosen.profile, chosen, languages)
            return
        runners = [runner(OURS, chosen.tree, chosen, languages)]
        runners += [runner(f"{tree.name}", tree, chosen, languages) for tree in chosen.against]
        if not chosen.alone:
            runners += [one for one in contenders.others(chosen.peers) if one.name not in chosen.without]
        for scenario in ("cold", "304"):
            alone = made.capacity(scenario)
            print(f"The server alone, {scenario}: {alone.wall:.2f} s for {chosen.feeds} answers")
        found = race(made, runners, chosen)
    for scenario, results in found.items():
        print(f"\n{table(scenario, results)}")
    if chosen.write:
        machine = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count()}
        chosen.write.write_text(json.dumps({"feeds": chosen.feeds, **machine, "scenarios": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
