"""The dashboard: both networks side by side in a terminal. Needs Rich."""

from realtime.sinks.dashboard.dashboard import Dashboard

__all__ = ["Dashboard"]
