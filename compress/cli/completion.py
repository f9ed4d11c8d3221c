"""Completion scripts for shells, made from what the commands take."""

from __future__ import annotations

import argparse

from compress.cli.arguments import COMMANDS, parser_of

__all__ = ["script"]

_BASH = """\
_fdz() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} command= options
    [[ $COMP_CWORD -gt 1 ]] && command=${{COMP_WORDS[1]}}
    case $command in
{cases}
        *) options="{plain}" ;;
    esac
    if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
        [[ $COMP_CWORD -eq 1 ]] && COMPREPLY+=($(compgen -W "{commands}" -- "$word"))
        [[ $command == completion ]] && COMPREPLY=($(compgen -W "bash zsh fish" -- "$word"))
    fi
}}
complete -o filenames -F _fdz fdz
"""
_ZSH = """\
#compdef fdz
autoload -U +X bashcompinit && bashcompinit
"""


def script(shell: str) -> str:
    """Return the completion script of bash, zsh or fish."""
    commands = [name for name in COMMANDS if name]
    if shell == "fish":
        return _fish(commands)
    cases = "\n".join(
        f'        {name}) options="{" ".join(_flags(parser_of(name)))}" ;;' for name in commands
    )
    plain = " ".join(_flags(parser_of("")))
    bash = _BASH.format(cases=cases, plain=plain, commands=" ".join(commands))
    return bash if shell == "bash" else _ZSH + bash


def _flags(parser: argparse.ArgumentParser) -> list[str]:
    return [flag for action in parser._actions for flag in action.option_strings]


def _fish(commands: list[str]) -> str:
    lines = [
        f"complete -c fdz -n __fish_use_subcommand -a {name} -d '{_first(parser_of(name))}'"
        for name in commands
    ]
    for name in ("", *commands):
        shown = f"__fish_seen_subcommand_from {name}" if name else "__fish_use_subcommand"
        for action in parser_of(name)._actions:
            if not action.option_strings:
                continue
            flags = " ".join(
                f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
                for flag in action.option_strings
            )
            told = "" if action.help in (None, argparse.SUPPRESS) else action.help or ""
            value = "" if action.nargs == 0 else " -r"
            lines.append(f"complete -c fdz -n '{shown}' {flags}{value} -d '{_quoted(told)}'")
    lines.append("complete -c fdz -n '__fish_seen_subcommand_from completion' -xa 'bash zsh fish'")
    return "\n".join(lines) + "\n"


def _first(parser: argparse.ArgumentParser) -> str:
    return _quoted((parser.description or "").split(". ")[0])


def _quoted(text: str) -> str:
    return text.replace("'", "").replace("%%", "%")
