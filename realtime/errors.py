"""Errors meant for the person at the terminal."""


class UserError(Exception):
    """The request or its input is at fault.

    The message is one line that says what is wrong, where, and what to do about it. The command
    line prints it to stderr and exits with status 2; a library caller can catch it.
    """
