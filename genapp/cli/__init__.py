"""The command line: `python -m genapp COMMAND`, a file a command.

Results go to `-o`, facts to stdout, progress and notes to stderr. The exit code is 0, or 2 for a
user's mistake (one line on stderr), or 1 for a bug (logged whole).

Each command imports its task when it runs, so that `models list` does not wait for a network
runtime and `--help` waits for nothing.
"""

from genapp.cli.program import main

__all__ = ["main"]
