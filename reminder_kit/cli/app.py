"""The root of the command line: its commands, each loaded when it is called, and errors as one line and a status.

Never decides what a command does.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import StringIO

import click

from reminder_kit import __version__
from reminder_kit.cli.options import common
from reminder_kit.cli.streams import ended, open_missing, unstopped
from reminder_kit.errors import PlanChangedError, ProviderError, ReminderKitError, UnsafePlanError
from reminder_kit.text.printable import printable

__all__ = ["root", "run"]

_COMMANDS = {
    "init": ("init:init", "Write a reminders.toml to begin with."),
    "plan": ("runs:plan", "Show what an import of a calendar would do; writes nothing."),
    "import": ("runs:import_", "Read a calendar and park its reminders."),
    "resync": ("runs:resync", "Do the batch job: bring everything in order."),
    "appointments": ("show:appointments", "List the appointments of a calendar."),
    "explain": ("show:explain", "Say why an appointment's reminders are, or are not, sent."),
    "messages": ("messages:messages", "Show what people were told: text, delivery, reply."),
    "status": ("show:status", "Show what is parked, held, due next, failed; and today."),
    "attention": ("attention:attention", "List what waits for a person, and what to do."),
    "retry": ("attention:retry", "Try now what waits."),
    "serve": ("page:serve", "Serve the page to look at: today, attention, health, rules."),
    "report": ("page:report", "Write what was sent, and how the job is, into one file."),
    "export": ("export:export", "Write what will be sent as a calendar or as CSV."),
    "cancel": ("interventions:cancel", "Withdraw an appointment's reminders."),
    "suppress": ("interventions:suppress", "Send nothing to a phone any more."),
    "allow": ("interventions:allow", "Lift a suppression."),
    "person": ("person:person", "Hand over or erase what is kept of one person."),
    "rules": ("rules:rules", "Check the rules and read their texts."),
    "ledger": ("ledger:ledger", "Upgrade, check, purge, back up, restore or adopt it."),
    "webhook": ("webhook:webhook", "Take in the provider's webhooks."),
    "doctor": ("doctor:doctor", "Check configuration, credentials, clock, ledger, provider."),
    "guide": ("guide:guide", "Read the guide: start, rules, operations, every reason and error."),
    "sandbox": ("sandbox:sandbox", "Run a local Telnyx to try things on."),
    "demo": ("demo:demo", "See the main job at work; no account needed."),
}
"""The commands in the order of the help: module and function, and the line that the help shows."""


class _Lazy(click.Group):
    """A group that knows its commands by name, and loads one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order in which a user needs them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command and return it; None means that there is none of that name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"reminder_kit.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading any."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="reminder-kit")
@common
def root() -> None:
    """Appointment reminders by SMS and MMS: at the right minute, in the right words, exactly once.

    Exit status: 0 all done; 1 some items failed (they are listed); 2 usage or
    configuration; 3 the plan was refused as unsafe; 4 all done, but something waits
    for a person who has not marked it as seen (`attention` lists it).
    """


def run(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line and return the exit status; an error is one line on stderr.

    `arguments` None means those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    open_missing()
    return ended(_carried_out(given))


def _carried_out(given: list[str]) -> int:
    """Carry out a command line and return its exit status."""
    logging.getLogger("reminder_kit").addHandler(logging.NullHandler())  # commands say themselves what they found
    try:
        if "_REMINDER_KIT_COMPLETE" in os.environ:  # a shell asks what could be typed next
            root.main(given, prog_name="reminder-kit")
        with root.make_context("reminder-kit", given) as context:
            status = root.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except BrokenPipeError:  # the reader of our output has left (`reminder-kit --help | head`)
        return 0
    except Exception as error:
        if "--debug" in given:
            raise
        return _report_error(error)
    except KeyboardInterrupt as interrupt:
        from reminder_kit.cli.interrupted import Terminated

        return 143 if isinstance(interrupt, Terminated) else 130
    return status if isinstance(status, int) else 0


def _report_error(error: Exception) -> int:
    """Write an error as one line and return the exit status it means."""
    if isinstance(error, click.Abort):
        return 130
    if isinstance(error, click.ClickException):
        said = StringIO()
        error.show(said)
        _say(printable(said.getvalue(), lines=True))
        return error.exit_code
    _say(f"{printable(f'error: {_line(error)}')}\n")
    return _status(error)


def _say(text: str) -> None:
    with unstopped(sys.stderr):
        click.echo(text, err=True, nl=False)


def _line(error: Exception) -> str:
    """Return an error as one line; one that nobody foresaw says how to see more."""
    said = " ".join(str(error).split())
    if isinstance(error, ReminderKitError):
        return said
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or type(error).__name__}: {error.strerror}"
    return f"unexpected {type(error).__name__}: {said[:300]} (--debug shows where)"


def _status(error: Exception) -> int:
    """Return the exit status of an error: 3 unsafe, 2 usage or configuration, 1 anything else."""
    from reminder_kit.errors import ConfigurationError

    if isinstance(error, UnsafePlanError | PlanChangedError):
        return 3
    if isinstance(error, ProviderError) and not isinstance(error, ConfigurationError):
        return 1
    return 2 if isinstance(error, ReminderKitError | OSError) else 1
