"""Takes confluent-kafka's admin client (librdkafka) through one round on a broker, and prints what it saw as one
JSON object: confluent_admin.py BOOTSTRAP TOPIC."""

import json
import sys

from confluent_kafka import ElectionType, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec


def name(futures):
    """Kafka's name of the first error in the answers, and empty for none."""
    try:
        for future in futures.values():
            future.result(15)
        return ""
    except KafkaException as error:
        return error.args[0].name()


def main(bootstrap, topic):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    seen = {}
    new = NewTopic(topic, num_partitions=2, replication_factor=1, config={"retention.ms": "60000"})
    seen["created"] = name(admin.create_topics([new]))
    seen["again"] = name(admin.create_topics([new]))
    replicated = NewTopic(topic + "-replicated", num_partitions=1, replication_factor=3)
    seen["replicated"] = name(admin.create_topics([replicated]))
    seen["grown"] = name(admin.create_partitions([NewPartitions(topic, 4)]))
    seen["shrunk"] = name(admin.create_partitions([NewPartitions(topic, 3)]))
    described = admin.describe_topics(TopicCollection([topic]))[topic].result(15)
    seen["partitions"] = len(described.partitions)
    cluster = admin.describe_cluster(include_authorized_operations=True).result(15)
    seen["nodes"] = len(cluster.nodes)
    seen["operations"] = len(cluster.authorized_operations)
    place = TopicPartition(topic, 0)
    seen["latest"] = admin.list_offsets({place: OffsetSpec.latest()})[place].result(15).offset
    elected = admin.elect_leaders(ElectionType.PREFERRED, [place]).result(15)
    seen["elected"] = elected[place].name() if elected[place] is not None else ""
    seen["deleted"] = name(admin.delete_topics([topic]))
    seen["gone"] = name(admin.delete_topics([topic]))
    print(json.dumps(seen))


main(*sys.argv[1:])
