"""Drives confluent-kafka over TLS and SASL: the argument has the client's settings, a topic and values, which are
written and read again, each printed on a line of its own."""

import json
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

request = json.loads(sys.argv[1])
failures = []
settings = {**request["settings"], "error_cb": lambda error: failures.append(error)}
if settings.get("sasl.mechanisms") == "OAUTHBEARER":
    settings["oauth_cb"] = lambda _: (request["token"], time.time() + 600)
topic, values = request["topic"], request["values"]
producer = Producer({**settings, "enable.idempotence": True, "message.timeout.ms": 15000})
for value in values:
    producer.produce(topic, value=value.encode())
if producer.flush(20) > 0:
    raise SystemExit(f"not delivered: {failures}")
consumer = Consumer({**settings, "group.id": "secure", "enable.auto.commit": False})
consumer.assign([TopicPartition(topic, 0, 0)])
for _ in values:
    message = consumer.poll(20)
    if message is None or message.error() is not None:
        raise KafkaException(message.error() if message else failures)
    print(message.value().decode())
consumer.close()
