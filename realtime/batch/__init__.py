"""Many files at once: ``rt-classify --file DIR --out FOLDER``.

A tree of files is heard by all cores of this machine, or by a Dask cluster. Each file gets a result
of its own, so a run that was stopped goes on where it was.
"""

from realtime.batch.run import run

__all__ = ["run"]
