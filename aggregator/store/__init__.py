"""The database: executes what was decided, one transaction a source, and answers what deciding needs to know.

Nothing is decided here. A source's rows and its validators are written together, so that after a kill at any moment
either both are there or neither. Writers say BEGIN IMMEDIATE, so that a busy database is waited for.
"""

from __future__ import annotations

from aggregator.store.alerts import Alerts
from aggregator.store.citations import Citations
from aggregator.store.database import faulty_sqlite, look, wal_reset_fault
from aggregator.store.groups import Groups
from aggregator.store.lists import Lists
from aggregator.store.retention import Retention
from aggregator.store.visits import Visits
from aggregator.ticks import lock

__all__ = ["Store", "faulty_sqlite", "lock", "look", "wal_reset_fault"]


class Store(Groups, Visits, Citations, Lists, Alerts, Retention):
    """An open database with all its drawers. Use it as a context manager; one thread at a time."""
