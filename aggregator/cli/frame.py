"""What all commands share: the options, the clock, the way they are declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aggregator import __version__
from aggregator.errors import ConfigError, RunLocked, UsageError

if TYPE_CHECKING:
    from aggregator.model import Config
    from aggregator.store import Store

NUMBER = click.IntRange(1, 2**63 - 1)  # of an article, a story: as far as SQLite counts
MANY = 1_000_000  # more than anybody wants

FAILED, WRONG_USE, LOCKED = 1, 2, 75  # 75 is EX_TEMPFAIL of sysexits.h: try again later

Command = TypeVar("Command", bound=Callable[..., Any])


def now() -> datetime:
    """The time: but for pages of Datasette, nothing else in the program reads the clock of the machine."""
    return datetime.now(UTC)


def ending(problem: BaseException) -> tuple[str, int]:
    """What is said of what went wrong, and the exit code that it brings."""
    match problem:
        case ConfigError() | UsageError():
            return str(problem), WRONG_USE
        case RunLocked():
            return str(problem), LOCKED
        case MemoryError():
            return "there is not enough memory; what was stored before is safe", FAILED
        case _:
            return str(problem), FAILED


@dataclass(slots=True)
class Settings:
    """The common options. What is said behind the command wins over what is said before it."""

    config_path: Path = Path("feeds.yaml")
    db: Path = Path("mentions.db")
    quiet: bool = False
    verbose: bool = False

    def config(self, *, known: bool = False) -> Config:
        """feeds.yaml, or ConfigError. `known`: this very file was found right before."""
        from aggregator import config

        return config.load(self.config_path, known=known)

    def store(self) -> Store:
        """The database for reading: it must be there, and nothing can be written."""
        from aggregator.store import Store

        return Store(self.db, readonly=True)

    @contextmanager
    def writing(self, *, new: bool = False) -> Iterator[Store]:
        """The database under its lock. It must be there, unless it may be a `new` one."""
        from aggregator.store import Store, look
        from aggregator.ticks import lock

        if not new:
            look(self.db, there=True)  # before the lock leaves a file beside it
        with lock(self.db), Store(self.db) as store:
            yield store
            store.tidy()

    def say(self, text: str) -> None:
        """Prints for a person, unless they asked for quiet."""
        if not self.quiet:
            click.echo(text)


def _take(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value:
            setattr(context.ensure_object(Settings), name, value)

    return callback


_COMMON = (
    click.option("-c", "--config", type=click.Path(path_type=Path), expose_value=False, callback=_take("config_path"),
                 help="What to read and watch.  [default: feeds.yaml]"),
    click.option("--db", type=click.Path(path_type=Path), expose_value=False, callback=_take("db"),
                 help="The database.  [default: mentions.db]"),
    click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=_take("quiet"),
                 help="Print nothing on success."),
    click.option("-v", "--verbose", is_flag=True, expose_value=False, callback=_take("verbose"),
                 help="Print what is done."),
)  # fmt: skip


def _common(command: Command) -> Command:
    for option in reversed(_COMMON):
        command = option(command)
    return command


# The module of each command, in the order in which a newcomer meets them.
_MODULES = {
    **dict.fromkeys(("demo", "init"), "setting_up"),
    **dict.fromkeys(("add", "import"), "growing"),
    "check": "setting_up",
    "run": "running",
    **dict.fromkeys(("status", "pingbacks", "digest", "search"), "reading"),
    **dict.fromkeys(("story", "copy", "article"), "judging"),
    **dict.fromkeys(("export", "references", "serve"), "reading"),
    **dict.fromkeys(("backup", "prune"), "keeping"),
    "regroup": "judging",
    **dict.fromkeys(("reindex", "rematch"), "keeping"),
    "schedule": "setting_up",
}


class _Commands(click.Group):
    """Imports a command when it is needed: a run that cron starts every five minutes needs no other."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """The names of the commands."""
        return list(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name in _MODULES:
            import_module(f"aggregator.cli.{_MODULES[cmd_name]}")
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@_common
@click.version_option(__version__, prog_name="aggregator")
def cli() -> None:
    """Pingbacks for a press that never pings.

    Reads the Korean, Japanese, Chinese and English press, notices which articles mention a topic or link to a page of
    yours, and keeps them in SQLite: date, outlet, headline, link, excerpt.

    \b
    To look around, without a network:   aggregator demo
    To begin:                            aggregator init
    Then, by hand or from cron:          aggregator run
    To read what was found:              aggregator pingbacks TOPIC
                                         aggregator serve
    """


def command(name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """A command with the common options, whose first argument is the Settings."""

    return subcommand(cli, name)


def subcommand(group: click.Group, name: str | None = None) -> Callable[[Callable[..., Any]], click.Command]:
    """The same within a group of commands."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        return group.command(name)(_common(click.make_pass_decorator(Settings, ensure=True)(function)))

    return decorate
