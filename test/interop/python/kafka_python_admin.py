"""Takes kafka-python's admin client through one round on a broker, and prints what it saw as one JSON object:
kafka_python_admin.py BOOTSTRAP TOPIC."""

import json
import sys

from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewPartitions, NewTopic
from kafka.errors import KafkaError


def name(call):
    """Kafka's name of the error that the call ends with, and empty for none."""
    try:
        call()
        return ""
    except KafkaError as error:
        return type(error).__name__


def main(bootstrap, topic):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    seen = {}
    new = NewTopic(topic, num_partitions=2, replication_factor=1, topic_configs={"retention.ms": "60000"})
    admin.create_topics([new])
    seen["again"] = name(lambda: admin.create_topics([new]))
    replicated = NewTopic(topic + "-replicated", num_partitions=1, replication_factor=3)
    seen["replicated"] = name(lambda: admin.create_topics([replicated]))
    admin.create_partitions({topic: NewPartitions(4)})
    seen["shrunk"] = name(lambda: admin.create_partitions({topic: NewPartitions(3)}))
    seen["partitions"] = len(admin.describe_topics([topic])[0]["partitions"])
    seen["described"] = len(admin.describe_topic_partitions([topic])["topics"][0]["partitions"])
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    producer.send(topic, b"a", partition=0).get(10)
    producer.close()
    dirs = json.dumps(admin.describe_log_dirs(), default=str)
    seen["sized"] = dirs.count(f'"{topic}"')
    quorum = json.dumps(admin.describe_metadata_quorum(), default=str)
    seen["quorum"] = "leader" in quorum
    features = json.dumps(admin.describe_features(), default=str)
    seen["features"] = "transaction.version" in features
    seen["elected"] = name(lambda: admin.elect_leaders(0, {topic: [0]}))
    seen["moving"] = len(admin.list_partition_reassignments())
    admin.delete_topics([topic])
    seen["gone"] = name(lambda: admin.delete_topics([topic]))
    admin.close()
    print(json.dumps(seen))


main(*sys.argv[1:])
