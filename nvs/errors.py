"""The one error that a user, not a programmer, is meant to read."""


class InputError(ValueError):
    """Something given to `nvs` cannot be used: a file, an option, a value.

    The message is one line that says what is wrong and what to do about it.  The
    command line prints it and exits with code 2; in Python it is a `ValueError`.
    """
