"""Drives kafka-python: an idempotent producer, a consumer by assignment, the admin client."""

import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import KafkaError
from protocol import main, records, say, say_record


def produce(request):
    producer = KafkaProducer(
        bootstrap_servers=request["bootstrap"],
        enable_idempotence=True,
        compression_type=None if request["codec"] == "none" else request["codec"],
        linger_ms=request["lingerMs"],
        max_request_size=request["maxBytes"] or 1048576,
        max_block_ms=5000,
    )
    sent = []
    for index, record in enumerate(records()):
        sent.append(
            producer.send(
                request["topic"],
                key=record["key"],
                value=record["value"],
                headers=record["headers"],
                partition=record["partition"],
                timestamp_ms=record["timestampMs"],
            )
        )
        if index % 100 == 99:
            time.sleep(request["pauseMs"] / 1000)
    producer.flush(request["timeoutMs"] / 1000)
    for index, future in enumerate(sent):
        try:
            written = future.get(1)
            say({"index": index, "partition": written.partition, "offset": written.offset})
        except KafkaError as error:
            say({"index": index, "error": name_of_error(error)})
    producer.close(5)


def consume(request):
    place = TopicPartition(request["topic"], request["partition"])
    consumer = consumer_of(request)
    consumer.assign([place])
    consumer.seek(place, request["offset"])
    count = 0
    for record in consumer:
        say_record(
            record.partition, record.offset, record.key, record.value, record.headers, record.timestamp
        )
        count += 1
        if count == request["count"]:
            break
    else:
        raise TimeoutError(f"{count} of {request['count']} records came")
    consumer.close()


def consumer_of(request):
    return KafkaConsumer(
        bootstrap_servers=request["bootstrap"],
        group_id=None,
        enable_auto_commit=False,
        consumer_timeout_ms=request["timeoutMs"],
    )


def offset(request):
    place = TopicPartition(request["topic"], request["partition"])
    consumer = consumer_of(request)
    consumer.assign([place])
    if request["timestampMs"] == -1:
        found = consumer.end_offsets([place])[place]
    elif request["timestampMs"] == -2:
        found = consumer.beginning_offsets([place])[place]
    else:
        answer = consumer.offsets_for_times({place: request["timestampMs"]})[place]
        found = -1 if answer is None else answer.offset
    say({"offset": found})
    consumer.close()


def admin_of(request):
    return KafkaAdminClient(bootstrap_servers=request["bootstrap"])


def metadata(request):
    admin = admin_of(request)
    topic = admin.describe_topics([request["topic"]])[0]
    if topic["error_code"] != 0:
        raise ValueError(ERRORS.get(topic["error_code"], topic["error_code"]))
    brokers = admin.describe_cluster()["brokers"]
    say({"brokers": len(brokers), "partitions": len(topic["partitions"])})


def create_topic(request):
    topic = NewTopic(request["topic"], request["partitions"], 1, topic_configs=request["configs"])
    admin_of(request).create_topics([topic])


def delete_topic(request):
    admin_of(request).delete_topics([request["topic"]])


def topic_config(request):
    resource = ConfigResource(ConfigResourceType.TOPIC, request["topic"])
    found = admin_of(request).describe_configs([resource], config_filter="all")
    say({"value": found["topic"][request["topic"]][request["name"]]["value"]})


ERRORS = {3: "UNKNOWN_TOPIC_OR_PARTITION"}


def name_of_error(error):
    names = {
        "MessageSizeTooLargeError": "MESSAGE_TOO_LARGE",
        "UnknownTopicOrPartitionError": "UNKNOWN_TOPIC_OR_PARTITION",
    }
    return names.get(type(error).__name__, repr(error))


main(
    {
        "produce": produce,
        "consume": consume,
        "offset": offset,
        "metadata": metadata,
        "createTopic": create_topic,
        "deleteTopic": delete_topic,
        "topicConfig": topic_config,
    },
    name_of_error,
)
