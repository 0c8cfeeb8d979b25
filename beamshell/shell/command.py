"""Command: a Python function with typed parameters, from which usage, help, parser and completion are derived.

It knows neither IPython nor the engine; the session is handed through to the command's function.
"""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from types import GeneratorType
from typing import Any, cast, get_args, get_origin

from beamshell.errors import BeamshellError, CommandError, UsageError
from beamshell.messages import Plan
from beamshell.plans.unrun_plan_guard import PlanCall, UnrunPlanGuard, call_of, guarded
from beamshell.shell.parameters import is_injected
from beamshell.shell.plan_form import as_word, plan_form
from beamshell.shell.signature import CommandSignature, Hint
from beamshell.shell.slots import ChoiceSlot, unknown_choice
from beamshell.shell.tokens import WrongWordError, is_number
from beamshell.shell.typed_line import joined
from beamshell.text.lists import aligned
from beamshell.text.own_code import place_in_own_code
from beamshell.text.window import fitted, reflowed

ADDED_HERE = "Added here"
"""The heading of commands that name none."""


@dataclass(frozen=True)
class Followed:
    """A command's plan, with what is done during it and after it; `followed_by` makes one."""

    plan: Plan
    then: Callable[[Any], None] | None = None
    during: Callable[[], AbstractContextManager[Any]] = nullcontext
    command: str = ""
    """The line that labels its runs; "" for the one that was typed."""


def followed_by(
    plan: Plan,
    then: Callable[[Any], None] | None = None,
    *,
    during: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Followed:
    """The result of a command that runs a plan and does something when it has ended well, also after a `resume`.

    Args:
        plan: the plan that the command runs.
        then: called with the plan's return value.
        during: makes a context that lasts as long as the plan runs, until it ends or is paused.

    Raises:
        UsageError: `plan` is no plan: give it what a plan's function returns, such as `bps.mv(th, 1)`.
    """
    if not isinstance(plan, GeneratorType | UnrunPlanGuard):
        raise UsageError(f"followed_by takes a plan, such as bps.mv(th, 1), and not {plan!r}")
    return Followed(plan, then, during)


class _RefusedError(UsageError):
    """A wrong line; the message names the command already."""


class Command:
    """One word a scientist types: its function, usage, help, completion, and how it is run.

    Args:
        function: returns a plan, which is then run, or does something and returns a value. Its docstring is the
            help, its parameters are the typed words.
        heading: where `bhelp` shows it.
        example: one line as typed; "" if the usage says enough.
        name: the word; "" for the function's name.
        aliases: other words for the same thing.
        preflight: False if its plan is to run without being simulated first, such as a move.
        labelled: False if its runs are labelled with the command by the plan itself, such as those of a queue.
        value: gives what the command shows as a value, for ``pos = wm th``; a function with the same parameters.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        heading: str = ADDED_HERE,
        *,
        example: str = "",
        name: str = "",
        aliases: Sequence[str] = (),
        preflight: bool = True,
        labelled: bool = True,
        value: Callable[..., Any] | None = None,
    ) -> None:
        self.function = function
        self.heading = heading
        self.name = name or getattr(function, "__name__", "")
        self.example = example
        self.aliases = tuple(aliases)
        self.preflight = preflight
        self.labelled = labelled
        self._value = value
        self.subcommands: dict[str, Command] = {}
        self._other_words: dict[str, Command] = {}

    @cached_property
    def signature(self) -> CommandSignature:
        """The parameters: the words that are typed after the name."""
        return CommandSignature(self.function)

    def subcommand(
        self, *, example: str, name: str = "", also: Sequence[str] = (), **more: Any
    ) -> Callable[[Callable[..., Any]], Command]:
        """A decorator: the function does it when the first word is its name.

        Args:
            example: one line as typed.
            name: the word; "" for the function's name.
            also: words that people type for it elsewhere; they are refused, with the right one.
            more: aliases, preflight, labelled and value of `Command`.
        """

        def decorate(function: Callable[..., Any]) -> Command:
            word = name or function.__name__
            subcommand = Command(function, self.heading, example=example, name=f"{self.name} {word}", **more)
            self.subcommands[word] = subcommand
            self._other_words |= dict.fromkeys(also, subcommand)
            return subcommand

        return decorate

    # ---- what there is to say ----------------------------------------------------------------

    @property
    def summary(self) -> str:
        """The help's first line."""
        return (inspect.getdoc(self.function) or "").split("\n", 1)[0]

    @property
    def usage(self) -> str:
        """The usage without the name."""
        if not self.subcommands:
            return self.signature.usage()
        words = [f"{word} {sub.usage}".rstrip() for word, sub in self.subcommands.items()]
        return f"[{' | '.join([self.signature.usage(), *words]).removeprefix(' | ')}]"

    @property
    def usage_line(self) -> str:
        """The usage: the name and its parameters."""
        return f"{self.name} {self.usage}".rstrip()

    @property
    def typical_line(self) -> str:
        """The example; without one the usage."""
        return self.example or self.usage_line

    @property
    def is_ours(self) -> bool:
        """True if it comes with beamshell."""
        return self.function.__module__.startswith("beamshell.")

    @property
    def runs_a_plan(self) -> bool:
        """True if it runs a plan, as scans and moves do: it can then be rehearsed and queued."""
        returns = self.signature.returns
        is_plan = get_origin(returns) is Generator or inspect.isgeneratorfunction(self.function)
        return is_plan or Followed in (returns, *get_args(returns))

    @property
    def gives_value_alone(self) -> bool:
        """True if it shows a value without a further word, so that ``x = ct`` means that value."""
        return self._value is not None and not self.signature.needs_words

    @cached_property
    def signature_in_python(self) -> inspect.Signature:
        """How the function is called at the prompt: without what is not typed, and without types.

        Every command has it as soon as the console opens, so it evaluates no type.
        """
        names = getattr(inspect.unwrap(self.function), "__globals__", {})
        parameters = inspect.signature(self.function).parameters.values()
        typed = [one.replace(annotation=one.empty) for one in parameters if not is_injected(one, names)]
        return inspect.Signature(typed)

    @property
    def python_form(self) -> str:
        """The example as it is called in Python; without one the names of its parameters."""
        if not self.example:
            return f"{self.name}{self.signature_in_python}"
        name, *words = self.example.split()
        if keyword.iskeyword(name):
            name = self.aliases[0]
        parameters = self.signature.parameters.values()
        takes_devices = any(p.slot.is_device for p in parameters)
        choices = {one for p in parameters if isinstance(p.slot, ChoiceSlot) for one in p.slot.candidates((), {})}

        def argument(word: str) -> str:
            can_be_name = word.replace(".", "_").isidentifier() and not keyword.iskeyword(word)
            is_name = takes_devices and can_be_name and word not in choices
            is_setting = word.partition("=")[0] in self.signature.settings
            return word if is_name or is_setting or is_number(word) else repr(word)

        return f"{name}({', '.join(map(argument, words))})"

    def help(self, width: int | None = None) -> str:
        """The whole help: description, usage, one example, the Python forms.

        Args:
            width: characters that a line may have; None leaves the lines of the description as they were written.
        """
        lines = [f"Usage:    {self.usage_line}"]
        if self.example:
            lines.append(f"Example:  {self.example}")
        lines.append(f"Python:   {self.python_form}")
        if self.runs_a_plan:
            lines.append(f"As plan:  RE({self.python_form.replace('(', '.plan(', 1)})")
        if self._value is not None:
            lines.append(f"As value: x = {self.example}")
        if self.aliases:
            lines.append(f"Same as:  {', '.join(self.aliases)}")
        if self.subcommands:
            lines += [
                "",
                *aligned([(sub.example, sub.summary) for sub in self.subcommands.values()], left_aligned=(0, 1)),
            ]
        return "\n".join([reflowed(inspect.getdoc(self.function) or "", width), "", fitted("\n".join(lines), width)])

    def candidates(self, typed: Sequence[str], devices: Mapping[str, Any]) -> list[str]:
        """The completions that may follow the words that are typed already."""
        if (sub := self._subcommand(typed)) is not None:
            return sub.candidates(typed[1:], devices)
        return [*([] if typed else self.subcommands), *self.signature.candidates(typed, devices)]

    def hint(self, typed: Sequence[str], devices: Mapping[str, Any]) -> Hint:
        """Its usage, cut at the word that comes next."""
        if (sub := self._subcommand(typed)) is not None:
            return sub.hint(typed[1:], devices)
        if self.subcommands and not typed:
            return Hint(f"{self.name} ", " | ".join(filter(None, [self.signature.usage(), *self.subcommands])), "")
        before, current, after = self.signature.hint(typed, devices)
        return Hint(f"{self.name} {before}", current, after)

    def _subcommand(self, tokens: Sequence[Any]) -> Command | None:
        return self.subcommands.get(tokens[0]) if tokens and isinstance(tokens[0], str) else None

    def meant_by(self, tokens: Sequence[Any]) -> Command:
        """The subcommand that the first word names, else this command."""
        return self._subcommand(tokens) or self

    # ---- doing it ----------------------------------------------------------------------------

    def make(self, session: Any, tokens: Sequence[Any], keywords: Mapping[str, Any] | None = None) -> Any:
        """The function's result for these words; a plan is not run, and comes as a `Followed`.

        Args:
            session: the console.
            tokens: words and Python objects that follow the name.
            keywords: arguments by name.

        Raises:
            BeamshellError: it is refused or has failed. Any other error becomes CommandError.
        """
        if (sub := self._subcommand(tokens)) is not None:
            return sub.make(session, tokens[1:], keywords)
        arguments = self.arguments(session, tokens, keywords)
        with self._errors_named():
            result = self.function(**arguments)
        if isinstance(result, GeneratorType | UnrunPlanGuard):
            result = Followed(result)
        if isinstance(result, Followed):
            return replace(result, plan=self._with_call(result.plan, arguments, session))
        return result

    def arguments(
        self, session: Any, tokens: Sequence[Any], keywords: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The arguments of the function for these words; nothing is done.

        Args:
            session: the console.
            tokens: words and Python objects that follow the name.
            keywords: arguments by name.

        Raises:
            UsageError: a word does not fit, is missing, or is one too many.
        """
        if (sub := self._subcommand(tokens)) is not None:
            return sub.arguments(session, tokens[1:], keywords)
        with self._errors_named():
            if tokens and isinstance(tokens[0], str) and tokens[0] in self._other_words:
                raise UsageError(f"'{tokens[0]}' is no word of it: write {self._other_words[tokens[0]].example}")
            if tokens and self.subcommands and not self.signature.parameters:
                raise unknown_choice(tokens[0], self.subcommands)
            return self.signature.bind(tokens, keywords or {}, session)

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        """A context whose errors name this command; one that is no BeamshellError becomes a CommandError."""
        try:
            yield
        except WrongWordError as exc:
            example = f", such as: {self.example}" if self.example else ""
            raise _RefusedError(f"{self.name}: {exc}.\nUsage: {self.usage_line}{example}") from exc
        except BeamshellError as exc:
            if type(exc) is UsageError:  # the messages of its subclasses need no command's name before them
                raise _RefusedError(f"{self.name}: {exc}") from exc
            raise
        except Exception as exc:
            raise self._failure(exc) from exc

    def _failure(self, exc: Exception) -> CommandError:
        place = place_in_own_code(exc)
        where = f"{place}; last_error shows all" if place else "last_error shows where"
        return CommandError(f"{self.name}: {type(exc).__name__}: {exc} ({where})")

    def _with_call(self, plan: Any, arguments: Mapping[str, Any], session: Any) -> Plan:
        """The plan with a call that can be written and repeated: its own or, if that cannot, this command's."""
        call = call_of(plan)
        if call is not None and call.can_be_repeated and plan_form(plan, session.devices):
            return cast(Plan, plan)
        name, *subcommand = self.name.split()

        def make(*tokens: Any, **keywords: Any) -> Plan:
            followed: Followed = self.make(session, tokens[len(subcommand) :], keywords)
            return followed.plan

        tokens, keywords = self.signature.unbind(arguments)
        return guarded(iter(plan), PlanCall(make, (*subcommand, *tokens), keywords, f"{name}.plan"))

    def act(
        self,
        session: Any,
        tokens: Sequence[Any],
        keywords: Mapping[str, Any] | None = None,
        *,
        line: str = "",
    ) -> Any:
        """Do it: run the plan, or return what the function returns.

        Args:
            session: the console.
            tokens: words and Python objects that follow the name.
            keywords: arguments by name.
            line: the command as it was typed, which labels its runs.

        Raises:
            BeamshellError: it is refused or has failed. Any other error becomes CommandError.
        """
        if (sub := self._subcommand(tokens)) is not None:
            return sub.act(session, tokens[1:], keywords, line=line)
        result = self.make(session, tokens, keywords)
        if not isinstance(result, Followed):
            return result
        try:
            surroundings = result.during()
        except Exception as exc:
            result.plan.close()  # it is thrown away on purpose: no warning that it was not run
            raise exc if isinstance(exc, BeamshellError) else self._failure(exc) from exc
        try:
            with surroundings:
                label = (result.command or line) if self.labelled else ""
                session.run(result.plan, command=label, then=result.then, preflight=self.preflight)
        except BeamshellError:
            raise
        except Exception as exc:
            result.plan.close()
            raise self._failure(exc) from exc
        return None

    def line_of(self, session: Any, tokens: Sequence[Any], keywords: Mapping[str, Any]) -> str:
        """The line that is typed for a call in Python: each value in its place, a device by its name.

        Raises:
            UsageError: the call does not fit.
        """
        if (sub := self._subcommand(tokens)) is not None:
            return sub.line_of(session, tokens[1:], keywords)
        tokens, settings = self.signature.unbind(self.signature.bind(tokens, keywords, session))
        words = [as_word(token, session.devices) for token in tokens if token is not None]
        words += [
            name if value is True else f"{name}={as_word(value, session.devices)}"
            for name, value in settings.items()
            if value is not False
        ]
        return joined([self.name, *words])

    def value(self, session: Any, tokens: Sequence[Any]) -> Any:
        """What the command shows, as a value: the numbers of ``pos = wm th``.

        Raises:
            BeamshellError: it gives none, or is refused.
        """
        if self._value is not None:
            return Command(self._value, name=self.name, example=self.example).act(session, tokens)
        if self.runs_a_plan or self.signature.returns is type(None):
            hint = "; runs[-1] is the last run" if self.runs_a_plan else ""
            raise _RefusedError(f"{self.name} gives no value: type it alone{hint}")
        return self.act(session, tokens)

    def __repr__(self) -> str:
        return f"<command {self.usage_line}>"
