"""Find the examples of a documentation page, and run them as they stand there.

A block after ``<!-- run -->`` is run; options after a colon replace those of the command line to keep tests quick
(``<!-- run: k=101 sizes.max=30 -->``). A block after ``<!-- output -->`` has lines that the block before it must print;
``…`` stands for anything.

All examples of a page run in one process and one folder, Python blocks in one namespace, as a reader would type them::

    python tests/docs/running.py docs/tutorial.md
"""

from __future__ import annotations

import re
import shlex
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BLOCK = re.compile(
    r"^<!-- (?P<mark>run|output)(?:: (?P<options>[^>]*?))? -->\n+```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"^<!-- (?:run|output)\b", re.MULTILINE)


@dataclass
class Example:
    """One block to run.

    Attributes
    ----------
    line : int
        Line of the page on which its code begins.
    language : str
        ``python`` or ``bash``.
    text : str
        The code.
    options : tuple of str
        Options that replace those of its commands.
    output : list of str
        Lines that it must print.
    """

    line: int
    language: str
    text: str
    options: tuple[str, ...]
    output: list[str]


def examples(page: str) -> list[Example]:
    """Return the examples of a page.

    Raises
    ------
    ValueError
        If a mark has no block, or an output no example before it.
    """
    found: list[Example] = []
    for block in _BLOCK.finditer(page):
        line = page.count("\n", 0, block.start("text")) + 1
        if block["mark"] == "run":
            options = tuple(shlex.split(block["options"] or ""))
            found.append(Example(line, block["language"], block["text"], options, []))
        elif not found:
            raise ValueError(f"line {line}: expected an example before its output, got none")
        else:
            found[-1].output += [text for text in block["text"].splitlines() if text.strip()]
    marks = len(_MARK.findall(page))
    if marks != sum(1 for _ in _BLOCK.finditer(page)):
        raise ValueError(f"expected a block of code after each of {marks} marks")
    return found


def commands(example: Example) -> Iterator[list[str]]:
    """Iterate over the commands of a block, each as words after ``python``, with the example's options."""
    for line in example.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words:
            if words[0] != "python":
                raise ValueError(f"line {example.line}: expected commands that begin with python, got {line!r}")
            yield replaced(words[1:], example.options) if words[1] == "run.py" else words[1:]


def replaced(words: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return command line words with options in place of those of the same names, and the others behind."""
    names = {option.partition("=")[0] for option in options}
    return [word for word in words if word.partition("=")[0] not in names] + list(options)


def missing(output: Sequence[str], printed: str) -> list[str]:
    """Return the lines of an expected output that were not printed."""
    lines = printed.splitlines()
    patterns = {line: re.compile(".*".join(map(re.escape, line.strip().split("…")))) for line in output}
    return [line for line, pattern in patterns.items() if not any(pattern.fullmatch(one.strip()) for one in lines)]


# --- in the process that runs a page ---------------------------------------------------------------------------------


def run_page(path: Path) -> None:
    """Run every example of a page in this process; what it prints goes between lines that number the examples."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for number, example in enumerate(examples(path.read_text())):
        print(f"\n=== {number}", flush=True)  # noqa: T201
        try:
            if example.language == "python":
                code = compile("\n" * (example.line - 1) + example.text, str(path), "exec")
                exec(code, namespace)
            else:
                for words in commands(example):
                    _run(words)
        except BaseException:
            traceback.print_exc(file=sys.stdout)
            sys.exit(f"{path}, line {example.line}: the example failed")


def _run(words: list[str]) -> None:
    """Do what ``python WORDS`` does, without a process of its own."""
    from hydra.core.global_hydra import GlobalHydra

    from certvote import cli

    GlobalHydra.instance().clear()
    if words[0] == "-c":
        exec(compile(words[1], "-c", "exec"), {"__name__": "__main__"})
        return
    if words[0] == "run.py":
        sys.argv, program = words, cli.run
    elif words[:2] == ["-m", "certvote"]:
        sys.argv, program = ["certvote", *words[2:]], cli.main
    else:
        raise ValueError(f"expected run.py, -m certvote or -c, got {words}")
    try:
        program()
    except SystemExit as done:
        if done.code:
            raise


if __name__ == "__main__":
    run_page(Path(sys.argv[1]))
