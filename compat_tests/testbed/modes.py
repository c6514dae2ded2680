"""What a file is opened for: FMODE_READ and FMODE_WRITE are Linux's, and not in the headers of every release."""

from typing import Final

READ: Final = 1
WRITE: Final = 2
