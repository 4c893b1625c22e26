"""How the two seed papers measured, and how we do.

Both papers cut their data into windows and split the windows at random, so that a test window has
its neighbours, its piece or its instrument in the training part: they leak. ``paper`` rebuilds
that, ``honest`` splits the same windows by work or by instrument. A plan (``plans``) says how
windows are cut, read and trained on; ``windows`` cuts them once, into a file that is read in place;
``splits`` makes the folds; ``trainer`` and ``folds`` train and test them; ``compare`` and ``tune``
build on those.
"""

from __future__ import annotations

from typing import Literal

Protocol = Literal["paper", "honest"]

PROTOCOLS: dict[str, str] = {
    "paper": "split at random over windows, as the seed papers did; it leaks",
    "honest": "split by work or by instrument; nothing of a test file was trained on",
}
