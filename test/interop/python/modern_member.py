"""A member of a group of the consumer protocol (KIP-848) with confluent-kafka (librdkafka), until its input ends. Takes
one JSON object: bootstrap, group, topics (one with ^ in front is an expression), settings. Commits after every record and
prints a line for what it is given, loses, reads and fails at, as GroupDriver.java does."""

import json
import sys
import threading

from confluent_kafka import Consumer, KafkaException

ended = threading.Event()


def say(*fields):
    sys.stdout.write("\t".join(fields) + "\n")
    sys.stdout.flush()


def listed(partitions):
    return ",".join(sorted(partitions))


def names(partitions):
    return {f"{place.topic}-{place.partition}" for place in partitions}


def main():
    request = json.loads(sys.argv[1])
    consumer = Consumer(
        {
            "bootstrap.servers": request["bootstrap"],
            "group.id": request["group"],
            "group.protocol": "consumer",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            **request["settings"],
        }
    )
    has = set()

    def on_assign(client, partitions):
        has.update(names(partitions))
        say("assigned", listed(has))
        client.incremental_assign(partitions)

    def on_revoke(client, partitions):
        has.difference_update(names(partitions))
        say("revoked", listed(names(partitions)))
        client.incremental_unassign(partitions)

    def on_lost(_, partitions):
        has.difference_update(names(partitions))
        say("lost", listed(names(partitions)))

    def wait():
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    consumer.subscribe(request["topics"], on_assign=on_assign, on_revoke=on_revoke, on_lost=on_lost)
    while not ended.is_set():
        record = consumer.poll(0.2)
        if record is None:
            continue
        if record.error():
            say("failed", record.error().name())
            continue
        say("record", f"{record.topic()}-{record.partition()}", str(record.offset()), record.value().decode())
        try:
            consumer.commit(record, asynchronous=False)
        except KafkaException as error:
            say("refused", error.args[0].name())
    consumer.close()
    say("closed")


main()
