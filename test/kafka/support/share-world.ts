import type { Uuid } from "../../../src/base/ids.ts";
import { SeededRandom } from "../../../src/io/simulated/random.ts";
import { SHARE_ACKNOWLEDGE_REQUEST } from "../../../src/kafka/wire/generated/share-acknowledge-request.ts";
import { SHARE_ACKNOWLEDGE_RESPONSE } from "../../../src/kafka/wire/generated/share-acknowledge-response.ts";
import {
  DEFAULT_SHARE_FETCH_REQUEST,
  SHARE_FETCH_REQUEST,
  type ShareFetchRequest,
} from "../../../src/kafka/wire/generated/share-fetch-request.ts";
import {
  SHARE_FETCH_RESPONSE,
  type ShareFetchResponse,
} from "../../../src/kafka/wire/generated/share-fetch-response.ts";
import { SHARE_GROUP_HEARTBEAT_REQUEST } from "../../../src/kafka/wire/generated/share-group-heartbeat-request.ts";
import { SHARE_GROUP_HEARTBEAT_RESPONSE } from "../../../src/kafka/wire/generated/share-group-heartbeat-response.ts";
import { decodeRecords } from "../../../src/records/reader.ts";
import { batchOf, Gateway, type GatewayOptions, type TestClient } from "./door.ts";

export const GROUP = "workers";
/** Of share fetches and acknowledgements. */
export const V = 2;

/** Batches of offsets, each with one type or one for each offset. */
export type Acks = readonly (readonly [first: number, last: number, ...types: readonly number[]])[];

/** A topic of two partitions, a share group and a client that speaks for its members. */
export class ShareWorld {
  readonly gateway: Gateway;
  readonly client: TestClient;
  readonly jobs: Uuid;
  /** The group's settings. */
  readonly configs: Map<string, string>;

  private constructor(gateway: Gateway, client: TestClient, jobs: Uuid, configs: Map<string, string>) {
    this.gateway = gateway;
    this.client = client;
    this.jobs = jobs;
    this.configs = configs;
  }

  static async open(options: GatewayOptions = {}): Promise<ShareWorld> {
    const configs = new Map([["share.auto.offset.reset", "earliest"]]);
    const gateway = await Gateway.open({ groupConfigs: () => configs, ...options });
    const client = await gateway.connect();
    const topic = gateway.broker.createTopic(
      { name: "jobs", partitionCount: 2, configs: new Map() },
      () => {},
    );
    if ("error" in topic) throw new Error(topic.message);
    await gateway.clock.settleAll();
    return new ShareWorld(gateway, client, topic.id, configs);
  }

  get shares() {
    return this.gateway.coordinators.shares;
  }

  /** The gateway after a power cut that took all that was not synced. */
  async afterPowerCut(): Promise<Gateway> {
    const disk = this.gateway.disk.crash("nothing", 1);
    // Ids of topics must not be those of the life before.
    const broker = { random: new SeededRandom(19) };
    return await Gateway.open({ disk, broker, groupConfigs: () => this.configs });
  }

  async produce(partition: number, ...values: readonly string[]): Promise<void> {
    const { broker, clock } = this.gateway;
    const batch = batchOf(values, clock.nowMs());
    broker.partition("jobs", partition)?.append(batch, 0, batch.length, clock.nowMs(), "client");
    await clock.settleAll();
  }

  async beat(memberId: string, memberEpoch: number, names: readonly string[] | null = null) {
    const request = { groupId: GROUP, memberId, memberEpoch, rackId: null, subscribedTopicNames: names };
    return await this.client.ask(SHARE_GROUP_HEARTBEAT_REQUEST, SHARE_GROUP_HEARTBEAT_RESPONSE, request, 1);
  }

  topics(partition: number, acks: Acks = []) {
    const acknowledgementBatches = acks.map(([firstOffset, lastOffset, ...acknowledgeTypes]) => ({
      firstOffset,
      lastOffset,
      acknowledgeTypes,
    }));
    const partitions = [{ partitionIndex: partition, partitionMaxBytes: 0, acknowledgementBatches }];
    return [{ topicId: this.jobs, partitions }];
  }

  fetchRequest(memberId: string, epoch: number, change: Partial<ShareFetchRequest> = {}): ShareFetchRequest {
    return {
      ...DEFAULT_SHARE_FETCH_REQUEST,
      groupId: GROUP,
      memberId,
      shareSessionEpoch: epoch,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1 << 20,
      maxRecords: 500,
      batchSize: 500,
      topics: epoch === 0 ? this.topics(0) : [],
      ...change,
    };
  }

  async fetch(
    memberId: string,
    epoch: number,
    change: Partial<ShareFetchRequest> = {},
    by: TestClient = this.client,
  ): Promise<ShareFetchResponse> {
    const request = this.fetchRequest(memberId, epoch, change);
    return await by.ask(SHARE_FETCH_REQUEST, SHARE_FETCH_RESPONSE, request, V);
  }

  /** The request's error, or that of partition 0. */
  async acknowledge(memberId: string, epoch: number, acks: Acks, isRenewAck = false): Promise<number> {
    const topics = this.topics(0, acks);
    const request = { groupId: GROUP, memberId, shareSessionEpoch: epoch, isRenewAck, topics };
    const answer = await this.client.ask(SHARE_ACKNOWLEDGE_REQUEST, SHARE_ACKNOWLEDGE_RESPONSE, request, V);
    return answer.errorCode !== 0 ? answer.errorCode : (answer.responses[0]?.partitions[0]?.errorCode ?? -1);
  }

  /** Where the group is in partition 0. */
  get startOffset(): number | undefined {
    const id = { groupId: GROUP, topicId: this.jobs, partition: 0 };
    return this.shares.partitions.inUse(id)?.state.startOffset;
  }
}

/** First and last offset and delivery count of each range. */
export function acquired(response: ShareFetchResponse, partition = 0) {
  const found = response.responses[0]?.partitions.find(({ partitionIndex }) => partitionIndex === partition);
  return (found?.acquiredRecords ?? []).map(({ firstOffset, lastOffset, deliveryCount }) => [
    Number(firstOffset),
    Number(lastOffset),
    deliveryCount,
  ]);
}

export function values(response: ShareFetchResponse): string[] {
  return response.responses.flatMap(({ partitions }) =>
    partitions.flatMap(({ records }) =>
      decodeRecords(records).map(({ value }) => new TextDecoder().decode(value ?? undefined)),
    ),
  );
}
