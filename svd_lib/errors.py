"""The one exception that a user is meant to read.

Raise :class:`SnaError` with one clear sentence that names the file, the row where there is one, and what to do.
The command line prints the sentence and exits with the code; anything else is a defect of ours and keeps its traceback.
"""


class SnaError(Exception):
    """A problem that the reader of the message can mend.

    Parameters
    ----------
    message : str
        One sentence: which file, which row, what to do.
    exit_code : int, default 2
        The process's exit status when the command line reports it.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
