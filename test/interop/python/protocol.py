"""What the drivers of the Python clients share: one JSON request as argument, records as JSON lines on standard
input and output. test/interop/clients/process.ts describes the requests."""

import json
import sys


def say(value):
    """Prints one JSON line."""
    sys.stdout.write(json.dumps(value) + "\n")


def records():
    """The records on standard input, with bytes where the client wants bytes."""
    for line in sys.stdin:
        record = json.loads(line)
        record["key"] = encoded(record["key"])
        record["value"] = encoded(record["value"])
        record["headers"] = [(name, value.encode()) for name, value in record["headers"]]
        yield record


def say_record(partition, offset, key, value, headers, timestamp_ms):
    """Prints one record that was read."""
    say(
        {
            "partition": partition,
            "offset": offset,
            "key": decoded(key),
            "value": decoded(value),
            "headers": [[name, decoded(value)] for name, value in headers or []],
            "timestampMs": timestamp_ms,
        }
    )


def encoded(text):
    return None if text is None else text.encode()


def decoded(data):
    return None if data is None else bytes(data).decode()


def main(commands, name_of_error):
    """Runs the command of the request; an error of the client becomes a line with its name."""
    request = json.loads(sys.argv[1])
    try:
        commands[request["command"]](request)
    except Exception as error:  # The test judges it by its name.
        say({"error": name_of_error(error)})
    sys.stdout.flush()
