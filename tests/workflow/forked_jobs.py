"""The jobs of a Snakemake run as forked stages: `python -m listill.stages...` becomes a request to this process.

Snakemake starts each job with bash, which reads the file that BASH_ENV names. There, ``python`` is a function that asks a
server in the process of the tests to run the stage in a fork, and that says and returns what the stage did.
"""

import atexit
import functools
import json
import shlex
import shutil
import socketserver
import sys
import tempfile
import threading
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import forked_stage

CLIENT = """
import json, os, socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as server, server.makefile("rw") as file:
    print(json.dumps([["python", *sys.argv[2:]], os.getcwd(), dict(os.environ)]), file=file, flush=True)
    status, said = json.loads(file.readline())
sys.stderr.write(said)
sys.exit(status)
"""


# The stages at work. They are in sessions of their own: a signal to a run and all its jobs has to be sent to them, too.
RUNNING: set[ForkServerProcess] = set()


class Job(socketserver.StreamRequestHandler):
    """Run the stage of one request, and answer with its exit status and what it said."""

    def handle(self) -> None:
        line, folder, environment = json.loads(self.rfile.readline())
        with tempfile.NamedTemporaryFile("r") as said:
            process = forked_stage.start(line, Path(folder), Path(said.name), environment=environment)
            RUNNING.add(process)
            forked_stage.ended(process)
            RUNNING.discard(process)
            status = process.exitcode or 0
            answer = [status if status >= 0 else 128 - status, said.read()]
        self.wfile.write(f"{json.dumps(answer)}\n".encode())


@functools.cache
def environment() -> dict[str, str]:
    """Start the server, once a process, and return the environment variable that sends it the jobs of a run."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Job)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    (folder / "client.py").write_text(CLIENT)
    client = shlex.join([sys.executable, "-IS", str(folder / "client.py"), str(server.server_address[1])])
    (folder / "bash").write_text(f'python() {{ {client} "$@"; }}\n')
    return {"BASH_ENV": str(folder / "bash")}
