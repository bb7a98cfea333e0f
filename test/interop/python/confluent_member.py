"""A member of a group with confluent-kafka (librdkafka), which commits what it has read after every poll."""

import member
from confluent_kafka import Consumer, KafkaException


def main():
    request = member.request()
    settings = {
        "bootstrap.servers": request["bootstrap"],
        "group.id": request["group"],
        "client.id": request["name"],
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": request["strategy"],
        "session.timeout.ms": request["sessionTimeoutMs"],
        "heartbeat.interval.ms": request["heartbeatMs"],
        "topic.metadata.refresh.interval.ms": 1000,
    }
    if request["instance"] is not None:
        settings["group.instance.id"] = request["instance"]
    consumer = Consumer(settings)
    has = set()

    def on_assign(_, partitions):
        has.update(place.partition for place in partitions)
        member.assigned(has)

    def on_revoke(_, partitions):
        has.difference_update(place.partition for place in partitions)

    consumer.subscribe([request["topic"]], on_assign=on_assign, on_revoke=on_revoke, on_lost=on_revoke)
    while member.running():
        record = consumer.poll(0.2)
        if record is None:
            continue
        if record.error():
            member.say({"problem": record.error().name()})
            continue
        member.record(record.partition(), record.offset(), record.value())
        try:
            consumer.commit(record, asynchronous=False)
        except KafkaException:
            # Somebody else has this partition now, and reads this record again.
            pass
    consumer.close()


main()
