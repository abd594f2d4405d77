"""Say what a run takes before it is started: work, time, memory, disk and price of each stage.

The corpora are counted (from results/<corpus>/corpus.parquet if it is there, else from their source). Each model works on
a sample for a second or two, so that the time on this machine is known; nothing is generated, trained or written.
"""

import argparse
import os
import sys
from pathlib import Path

from listill.errors import UserError
from listill.settings.config_file import read
from listill.stages.process import set_threads, start_log
from listill.text import printable

# The load per core above which the times are those of a busy machine.
BUSY = 0.5


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m listill.estimate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a config file, such as config/my-corpus.yaml")
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results"),
        help="folder with the results of earlier runs; default: results",
    )
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, help="number of processor cores of a job; default: all"
    )
    parser.add_argument("--log", type=Path, help="also write the log messages to this file")
    arguments = parser.parse_args()
    try:
        start_log(arguments.log)
        set_threads(arguments.threads)
        # A model that is not here is not downloaded for an estimate.
        os.environ["HF_HUB_OFFLINE"] = "1"
        settings = read(arguments.config)

        from listill.estimate.run import check_prices, of_config, rates_here
        from listill.plan import Plan

        plan = Plan(settings.model_dump(mode="json", exclude_unset=True), str(arguments.config))
        check_prices(plan)
        busy = os.getloadavg()[0]
        estimate = of_config(plan, arguments.results)
        said = estimate.text(rates_here(estimate))
        if busy > BUSY * (os.cpu_count() or 1):
            said += f"\n\nother processes use this machine (load {busy:.1f}): without them, a run takes less time"
    except UserError as error:
        sys.exit(f"listill estimate: error: {error}")
    print("\n".join(printable(line) for line in said.splitlines()))


if __name__ == "__main__":
    main()
