"""Drives confluent-kafka (librdkafka): an idempotent producer, a consumer by assignment, the admin client."""

import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType
from protocol import main, records, say, say_record


def produce(request):
    producer = Producer(
        {
            "bootstrap.servers": request["bootstrap"],
            "enable.idempotence": True,
            "compression.type": request["codec"],
            "linger.ms": request["lingerMs"],
            "message.max.bytes": request["maxBytes"] or 1000000,
            "topic.metadata.propagation.max.ms": 3000,
        }
    )

    def reporter(index):
        def report(error, message):
            if error is not None:
                say({"index": index, "error": plain(error.name())})
            else:
                say({"index": index, "partition": message.partition(), "offset": message.offset()})

        return report

    for index, record in enumerate(records()):
        arguments = {"partition": record["partition"], "headers": record["headers"], "on_delivery": reporter(index)}
        if record["timestampMs"] is not None:
            arguments["timestamp"] = record["timestampMs"]
        while True:
            try:
                producer.produce(request["topic"], key=record["key"], value=record["value"], **arguments)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
        if index % 100 == 99:
            time.sleep(request["pauseMs"] / 1000)
    left = producer.flush(request["timeoutMs"] / 1000)
    if left > 0:
        say({"error": f"{left} messages were not delivered in time"})


def consumer_of(request):
    return Consumer(
        {"bootstrap.servers": request["bootstrap"], "group.id": "interop", "enable.auto.commit": False}
    )


def consume(request):
    consumer = consumer_of(request)
    consumer.assign([TopicPartition(request["topic"], request["partition"], request["offset"])])
    count = 0
    while count < request["count"]:
        message = consumer.poll(request["timeoutMs"] / 1000)
        if message is None:
            raise TimeoutError("nothing came")
        if message.error() is not None:
            raise KafkaException(message.error())
        say_record(
            message.partition(),
            message.offset(),
            message.key(),
            message.value(),
            message.headers(),
            message.timestamp()[1],
        )
        count += 1
    consumer.close()


def offset(request):
    consumer = consumer_of(request)
    place = TopicPartition(request["topic"], request["partition"], request["timestampMs"])
    if request["timestampMs"] < 0:
        low, high = consumer.get_watermark_offsets(place, timeout=10)
        say({"offset": low if request["timestampMs"] == -2 else high})
    else:
        found = consumer.offsets_for_times([place], timeout=10)[0]
        # librdkafka says OFFSET_END (-1) where no record is that young.
        say({"offset": found.offset})
    consumer.close()


def admin_of(request):
    return AdminClient({"bootstrap.servers": request["bootstrap"]})


def metadata(request):
    admin = admin_of(request)
    found = admin.list_topics(request["topic"], timeout=10)
    topic = found.topics[request["topic"]]
    if topic.error is not None:
        raise KafkaException(topic.error)
    say({"brokers": len(found.brokers), "partitions": len(topic.partitions)})


# A future is lost with its client, so each client below is kept until the answer is there.
def create_topic(request):
    admin = admin_of(request)
    topic = NewTopic(request["topic"], request["partitions"], 1, config=request["configs"])
    admin.create_topics([topic])[request["topic"]].result(20)


def delete_topic(request):
    admin = admin_of(request)
    admin.delete_topics([request["topic"]])[request["topic"]].result(20)


def topic_config(request):
    admin = admin_of(request)
    resource = ConfigResource(ResourceType.TOPIC, request["topic"])
    found = admin.describe_configs([resource])[resource].result(20)
    say({"value": found[request["name"]].value})


def plain(name):
    """librdkafka shortens some of Kafka's names, and marks its own with an underscore."""
    return {
        "MSG_SIZE_TOO_LARGE": "MESSAGE_TOO_LARGE",
        "UNKNOWN_TOPIC_OR_PART": "UNKNOWN_TOPIC_OR_PARTITION",
        "_UNKNOWN_TOPIC": "UNKNOWN_TOPIC_OR_PARTITION",
    }.get(name, name)


def name_of_error(error):
    if isinstance(error, KafkaException):
        return plain(error.args[0].name())
    return repr(error)


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
