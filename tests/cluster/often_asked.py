"""Snakemake's command line, with an executor that asks SLURM for the state of its jobs every second.

The plugin waits ten seconds longer after each answer without news, up to three minutes. That spares the scheduler of a real
cluster; with jobs that take ten seconds, most of a test's time would be spent on it.
"""

import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

RemoteExecutor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, value: None)  # type: ignore[assignment]

if __name__ == "__main__":
    sys.exit(main())
