"""A member of a group with aiokafka, which commits what it has read after every poll."""

import asyncio

import member
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError


class Listener(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        member.assigned([place.partition for place in assigned])


async def main():
    request = member.request()
    consumer = AIOKafkaConsumer(
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
    await consumer.start()
    while member.running():
        polled = await consumer.getmany(timeout_ms=200)
        for records in polled.values():
            for record in records:
                member.record(record.partition, record.offset, record.value)
        if polled:
            try:
                await consumer.commit()
            except KafkaError:
                # Somebody else has these partitions now, and reads these records again.
                pass
    await consumer.stop()


asyncio.run(main())
