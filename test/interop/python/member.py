"""What the group members of the Python clients share: one JSON request as argument, what they are given and what they
read as JSON lines; SIGTERM ends them, after they have committed. test/interop/clients/member.ts describes it."""

import json
import signal
import sys

stopping = False


def say(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def assigned(partitions):
    """Tells which partitions this member has now."""
    say({"assigned": sorted(partitions)})


def record(partition, offset, value):
    say({"partition": partition, "offset": offset, "value": value.decode()})


def on_signal(*_):
    global stopping
    stopping = True


def request():
    signal.signal(signal.SIGTERM, on_signal)
    return json.loads(sys.argv[1])


def running():
    return not stopping
