"""Imported by the server of forked stages alone: a signal ends its children, as it ends `python -m` of a stage.

A child has the signal handlers of the server from its first moment. Set by the child itself, a signal that comes while it
starts would raise KeyboardInterrupt.
"""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
