import { type Int64, toProducerId } from "../../base/ids.ts";
import type { Broker } from "../../broker/broker.ts";
import { writeMarker } from "../../broker/transactions.ts";
import type { Marker } from "../../log/transaction-state.ts";
import { accessOf, CAN } from "../access.ts";
import type { ApiHandler } from "../call.ts";
import { Gather } from "../gather.ts";
import type { KafkaServices } from "../services.ts";
import { ERROR } from "../wire/generated/errors.ts";
import {
  readWriteTxnMarkersRequest,
  type WriteTxnMarkersRequest,
} from "../wire/generated/write-txn-markers-request.ts";
import { writeWriteTxnMarkersResponse } from "../wire/generated/write-txn-markers-response.ts";

type RequestedMarker = WriteTxnMarkersRequest["markers"][number];

/** Markers that one request may have written, counted by partition: each is an append, and all are made in one turn. */
const MAX_MARKERS_PER_REQUEST = 2000;

/** What became of the markers, by producer, topic and partition. */
type Results = Map<Int64, Map<string, Map<number, number>>>;

/**
 * WriteTxnMarkers, 1 to 2 (KIP-98, KIP-664): ends transactions in partitions, as a coordinator on another broker
 * does, and an operator whose transaction hangs (`kafka-transactions.sh abort`). Answered once the markers are
 * durable. A topic that the broker keeps state by takes them through whoever keeps it.
 *
 * Deviation: a request with more markers than MAX_MARKERS_PER_REQUEST is refused whole, with INVALID_REQUEST for each.
 */
export const writeTxnMarkers: ApiHandler<KafkaServices> = {
  apiKey: 27,
  minVersion: 1,
  maxVersion: 2,
  pipelined: false,
  handle(call, services) {
    const { broker } = services;
    const request = readWriteTxnMarkersRequest(call.reader, call.version);
    const results: Results = new Map();
    const gather = new Gather();
    const access = accessOf(call, services);
    const isAllowed = access.seesCluster(CAN.alter) || access.cluster(CAN.clusterAction);
    const excessive = markersIn(request) > MAX_MARKERS_PER_REQUEST;
    for (const requested of request.markers) {
      const marker = excessive ? null : markerOf(requested);
      write(broker, requested, isAllowed ? marker : "denied", results, gather);
    }
    gather.whenAll(() => {
      const markers = [...results].map(([producerId, topics]) => ({
        producerId,
        topics: [...topics].map(([name, partitions]) => ({
          name,
          partitions: [...partitions].map(([partitionIndex, errorCode]) => ({ partitionIndex, errorCode })),
        })),
      }));
      call.reply((writer) => writeWriteTxnMarkersResponse(writer, { markers }, call.version));
    });
  },
};

function markersIn({ markers }: WriteTxnMarkersRequest): number {
  let count = 0;
  for (const { topics } of markers) {
    for (const { partitionIndexes } of topics) count += partitionIndexes.length;
  }
  return count;
}

/** Without a marker, or without the right to write it, every partition is refused. */
function write(
  broker: Broker,
  requested: RequestedMarker,
  marker: Marker | "denied" | null,
  results: Results,
  gather: Gather,
): void {
  const topics = results.get(requested.producerId) ?? new Map<string, Map<number, number>>();
  results.set(requested.producerId, topics);
  for (const { name, partitionIndexes } of requested.topics) {
    const partitions = topics.get(name) ?? new Map<number, number>();
    topics.set(name, partitions);
    for (const index of partitionIndexes) {
      const done = gather.begin((error) => partitions.set(index, toCoordinator(error)));
      if (marker === "denied") done(ERROR.CLUSTER_AUTHORIZATION_FAILED);
      else if (marker === null) done(ERROR.INVALID_REQUEST);
      else writeMarker(broker, name, index, marker, done);
    }
  }
}

/** Null for a producer that can't be. */
function markerOf(requested: RequestedMarker): Marker | null {
  const { producerEpoch, coordinatorEpoch, transactionVersion } = requested;
  const producerId = toProducerId(requested.producerId);
  if (producerId === null || producerId < 0 || producerEpoch < 0) return null;
  const outcome = requested.transactionResult ? "commit" : "abort";
  return { producerId, producerEpoch, coordinatorEpoch, outcome, transactionVersion };
}

/** A coordinator asks again where a partition's leader is not ready; what another coordinator says it would not understand. */
function toCoordinator(error: number): number {
  switch (error) {
    case ERROR.COORDINATOR_NOT_AVAILABLE:
    case ERROR.COORDINATOR_LOAD_IN_PROGRESS:
    case ERROR.NOT_COORDINATOR:
      return ERROR.NOT_LEADER_OR_FOLLOWER;
    default:
      return error;
  }
}
