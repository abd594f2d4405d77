"""One thin command per stage: ``python -m listill.stages.mine --help``."""

import signal
import sys

# ``python -m`` is looking for the stage. Until ``command.main`` handles the signal, Ctrl-C ends the process without a
# traceback.
if sys.argv[0] == "-m" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
