"""Reads records as a member of a group, and writes each to another topic in one transaction with the group's
offsets, by the client that the first argument names. Every third transaction is aborted and done again. The second
argument is the request as JSON; test/interop/clients/transacting.ts describes it. "open" leaves a transaction open
and ends without a word to the broker."""

import asyncio
import json
import os
import sys

BATCH = 10


class Turns:
    """Counts, and says which transactions are to be aborted first."""

    def __init__(self):
        self.commits = 0
        self.aborts = 0

    def aborts_now(self):
        return (self.commits + self.aborts) % 3 == 2

    def say(self):
        print(json.dumps({"commits": self.commits, "aborts": self.aborts}))


def confluent(request):
    from confluent_kafka import Consumer, Producer, TopicPartition

    consumer = Consumer(
        {
            "bootstrap.servers": request["bootstrap"],
            "group.id": request["group"],
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    producer = Producer({"bootstrap.servers": request["bootstrap"], "transactional.id": request["id"]})
    producer.init_transactions(20)
    consumer.subscribe([request["input"]])

    def write(messages):
        producer.begin_transaction()
        offsets = {}
        for message in messages:
            producer.produce(request["output"], key=message.key(), value=b"out:" + message.value())
            offsets[(message.topic(), message.partition())] = message.offset() + 1
        producer.send_offsets_to_transaction(
            [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()],
            consumer.consumer_group_metadata(),
        )
        producer.flush(10)

    turns = Turns()
    done = 0
    while done < request["count"]:
        messages = [message for message in consumer.consume(BATCH, 1.0) if message.error() is None]
        if not messages:
            continue
        if turns.aborts_now():
            write(messages)
            producer.abort_transaction(20)
            turns.aborts += 1
        write(messages)
        producer.commit_transaction(20)
        turns.commits += 1
        done += len(messages)
    consumer.close()
    turns.say()


def kafka_python(request):
    from kafka import KafkaConsumer, KafkaProducer
    from kafka.structs import OffsetAndMetadata, TopicPartition

    consumer = KafkaConsumer(
        request["input"],
        bootstrap_servers=request["bootstrap"],
        group_id=request["group"],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_poll_records=BATCH,
    )
    producer = KafkaProducer(bootstrap_servers=request["bootstrap"], transactional_id=request["id"])
    producer.init_transactions()

    def write(batches):
        producer.begin_transaction()
        offsets = {}
        for place, records in batches.items():
            for record in records:
                producer.send(request["output"], key=record.key, value=b"out:" + record.value)
                offsets[TopicPartition(place.topic, place.partition)] = OffsetAndMetadata(record.offset + 1, "", -1)
        producer.send_offsets_to_transaction(offsets, request["group"])
        producer.flush()

    turns = Turns()
    done = 0
    while done < request["count"]:
        batches = consumer.poll(timeout_ms=1000)
        if not batches:
            continue
        if turns.aborts_now():
            write(batches)
            producer.abort_transaction()
            turns.aborts += 1
        write(batches)
        producer.commit_transaction()
        turns.commits += 1
        done += sum(len(records) for records in batches.values())
    consumer.close()
    producer.close()
    turns.say()


async def aiokafka(request):
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    consumer = AIOKafkaConsumer(
        request["input"],
        bootstrap_servers=request["bootstrap"],
        group_id=request["group"],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    producer = AIOKafkaProducer(bootstrap_servers=request["bootstrap"], transactional_id=request["id"])
    await producer.start()
    await consumer.start()

    async def write(batches):
        await producer.begin_transaction()
        offsets = {}
        for place, records in batches.items():
            for record in records:
                await producer.send_and_wait(request["output"], key=record.key, value=b"out:" + record.value)
                offsets[place] = record.offset + 1
        await producer.send_offsets_to_transaction(offsets, request["group"])

    turns = Turns()
    done = 0
    while done < request["count"]:
        batches = await consumer.getmany(timeout_ms=1000, max_records=BATCH)
        if not batches:
            continue
        if turns.aborts_now():
            await write(batches)
            await producer.abort_transaction()
            turns.aborts += 1
        await write(batches)
        await producer.commit_transaction()
        turns.commits += 1
        done += sum(len(records) for records in batches.values())
    await consumer.stop()
    await producer.stop()
    turns.say()


def leave_open(request):
    from confluent_kafka import Producer

    producer = Producer(
        {
            "bootstrap.servers": request["bootstrap"],
            "transactional.id": request["id"],
            "transaction.timeout.ms": 600000,
        }
    )
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(request["output"], value=b"left open")
    left = producer.flush(10)
    print(json.dumps({"commits": 0, "aborts": left}))
    sys.stdout.flush()
    os._exit(0)


CLIENTS = {
    "confluent-kafka": confluent,
    "kafka-python": kafka_python,
    "aiokafka": lambda request: asyncio.run(aiokafka(request)),
    "open": leave_open,
}

CLIENTS[sys.argv[1]](json.loads(sys.argv[2]))
