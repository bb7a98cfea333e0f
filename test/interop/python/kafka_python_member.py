"""A member of a group with kafka-python, which commits what it has read after every poll."""

import member
from kafka import ConsumerRebalanceListener, KafkaConsumer
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import CommitFailedError, RebalanceInProgressError


class Listener(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        member.assigned([place.partition for place in assigned])


def main():
    request = member.request()
    consumer = KafkaConsumer(
        bootstrap_servers=request["bootstrap"],
        group_id=request["group"],
        group_instance_id=request["instance"],
        client_id=request["name"],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        partition_assignment_strategy=[RangePartitionAssignor],
        session_timeout_ms=request["sessionTimeoutMs"],
        heartbeat_interval_ms=request["heartbeatMs"],
    )
    consumer.subscribe([request["topic"]], listener=Listener())
    while member.running():
        polled = consumer.poll(timeout_ms=200)
        for records in polled.values():
            for record in records:
                member.record(record.partition, record.offset, record.value)
        if polled:
            try:
                consumer.commit()
            except (CommitFailedError, RebalanceInProgressError):
                # Somebody else has these partitions now, and reads these records again.
                pass
    consumer.close()


main()
