"""The public names of beamshell.store, each with its module."""

from beamshell.store.console_log import ConsoleLog as ConsoleLog
from beamshell.store.console_log import LogEntry as LogEntry
from beamshell.store.folder import data_folder as data_folder
from beamshell.store.journal import Journal as Journal
from beamshell.store.metadata import PersistentDict as PersistentDict
from beamshell.store.open_runs import close_open_runs as close_open_runs
from beamshell.store.presets import Presets as Presets
from beamshell.store.queue import Queue as Queue
from beamshell.store.queue import QueueItem as QueueItem
from beamshell.store.rescue import bring_in as bring_in
from beamshell.store.run import Run as Run
from beamshell.store.runs import Runs as Runs

__all__: list[str]
