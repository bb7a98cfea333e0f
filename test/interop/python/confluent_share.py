"""A member of a share group with confluent-kafka (librdkafka), by the arguments and lines of ../java/ShareDriver.java."""

import os
import sys
import time

from confluent_kafka import AcknowledgeType, ShareConsumer

TYPES = {
    "accept": AcknowledgeType.ACCEPT,
    "release": AcknowledgeType.RELEASE,
    "reject": AcknowledgeType.REJECT,
}


def main():
    named = {"plan": "accept", "count": "2147483647", "idle": "8000", "die": "false"}
    places = []
    for argument in sys.argv[1:]:
        name, found, value = argument.partition("=")
        if found:
            named[name] = value
        else:
            places.append(argument)
    plan = named["plan"].split(",")
    settings = {
        "bootstrap.servers": places[0],
        "group.id": places[2],
        "share.acknowledgement.mode": "explicit",
        "fetch.wait.max.ms": 500,
    }
    settings.update({name: value for name, value in named.items() if "." in name})
    consumer = ShareConsumer(settings)
    consumer.subscribe([places[3]])
    done = 0
    last = time.monotonic()
    while done < int(named["count"]) and (time.monotonic() - last) * 1000 < int(named["idle"]):
        held = False
        records = consumer.poll(0.2)
        for record in records:
            if record.error():
                print(f"failed\t0\t{record.error().name()}", flush=True)
                continue
            last = time.monotonic()
            delivery = record.delivery_count() or 1
            value = record.value().decode()
            print(f"record\t{record.partition()}\t{record.offset()}\t{delivery}\t{value}", flush=True)
            what = plan[min(max(delivery, 1), len(plan)) - 1]
            if what == "hold":
                held = True
                continue
            consumer.acknowledge(record, TYPES[what])
            if what in ("accept", "reject"):
                done += 1
        if held and named["die"] == "true":
            sys.stdout.flush()
            os._exit(0)
        if len(records) > 0:
            for place, error in consumer.commit_sync(10.0).items():
                if error is not None:
                    print(f"failed\t{place.partition}\t{error}", flush=True)
    consumer.close()
    print(f"done\t{done}")


main()
