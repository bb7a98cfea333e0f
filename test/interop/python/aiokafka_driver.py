"""Drives aiokafka: an idempotent producer, a consumer by assignment, the admin client."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code
from protocol import main, records, say, say_record


async def produce(request):
    producer = AIOKafkaProducer(
        bootstrap_servers=request["bootstrap"],
        enable_idempotence=True,
        compression_type=None if request["codec"] == "none" else request["codec"],
        linger_ms=request["lingerMs"],
        max_request_size=request["maxBytes"] or 1048576,
        request_timeout_ms=8000,
    )
    await producer.start()
    sent = []
    for index, record in enumerate(records()):
        sent.append(
            await producer.send(
                request["topic"],
                key=record["key"],
                value=record["value"],
                headers=record["headers"],
                partition=record["partition"],
                timestamp_ms=record["timestampMs"],
            )
        )
        if index % 100 == 99:
            await asyncio.sleep(request["pauseMs"] / 1000)
    for index, future in enumerate(sent):
        try:
            written = await asyncio.wait_for(future, request["timeoutMs"] / 1000)
            say({"index": index, "partition": written.partition, "offset": written.offset})
        except KafkaError as error:
            say({"index": index, "error": name_of_error(error)})
    await producer.stop()


async def consume(request):
    place = TopicPartition(request["topic"], request["partition"])
    consumer = await consumer_of(request)
    consumer.assign([place])
    consumer.seek(place, request["offset"])
    for _ in range(request["count"]):
        record = await asyncio.wait_for(consumer.getone(), request["timeoutMs"] / 1000)
        say_record(
            record.partition, record.offset, record.key, record.value, record.headers, record.timestamp
        )
    await consumer.stop()


async def consumer_of(request):
    consumer = AIOKafkaConsumer(
        bootstrap_servers=request["bootstrap"], group_id=None, enable_auto_commit=False
    )
    await consumer.start()
    return consumer


async def offset(request):
    place = TopicPartition(request["topic"], request["partition"])
    consumer = await consumer_of(request)
    if request["timestampMs"] == -1:
        found = (await consumer.end_offsets([place]))[place]
    elif request["timestampMs"] == -2:
        found = (await consumer.beginning_offsets([place]))[place]
    else:
        answer = (await consumer.offsets_for_times({place: request["timestampMs"]}))[place]
        found = -1 if answer is None else answer.offset
    say({"offset": found})
    await consumer.stop()


async def with_admin(request, work):
    admin = AIOKafkaAdminClient(bootstrap_servers=request["bootstrap"])
    await admin.start()
    try:
        return await work(admin)
    finally:
        await admin.close()


async def metadata(request):
    async def work(admin):
        topic = (await admin.describe_topics([request["topic"]]))[0]
        if topic["error_code"] != 0:
            raise for_code(topic["error_code"])
        cluster = await admin.describe_cluster()
        say({"brokers": len(cluster["brokers"]), "partitions": len(topic["partitions"])})

    await with_admin(request, work)


async def create_topic(request):
    topic = NewTopic(request["topic"], request["partitions"], 1, topic_configs=request["configs"])
    answer = await with_admin(request, lambda admin: admin.create_topics([topic]))
    raise_refusals(answer.topic_errors)


async def delete_topic(request):
    answer = await with_admin(request, lambda admin: admin.delete_topics([request["topic"]]))
    raise_refusals(answer.topic_error_codes)


def raise_refusals(refusals):
    for refusal in refusals:
        if refusal[1] != 0:
            raise for_code(refusal[1])


def name_of_error(error):
    names = {
        "MessageSizeTooLargeError": "MESSAGE_TOO_LARGE",
        "UnknownTopicOrPartitionError": "UNKNOWN_TOPIC_OR_PARTITION",
    }
    return names.get(type(error).__name__, repr(error))


def synchronous(command):
    return lambda request: asyncio.run(command(request))


main(
    {
        "produce": synchronous(produce),
        "consume": synchronous(consume),
        "offset": synchronous(offset),
        "metadata": synchronous(metadata),
        "createTopic": synchronous(create_topic),
        "deleteTopic": synchronous(delete_topic),
    },
    name_of_error,
)
