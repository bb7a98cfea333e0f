import { describe, expect, test } from "bun:test";
import { ZERO_UUID } from "../../src/base/ids.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../src/kafka/wire/generated/metadata-response.ts";
import { PRODUCE_REQUEST } from "../../src/kafka/wire/generated/produce-request.ts";
import { PRODUCE_RESPONSE } from "../../src/kafka/wire/generated/produce-response.ts";
import { batchOf, encodeRequest, Gateway } from "./support/door.ts";

const V = { produce: 9, metadata: 9 } as const;

describe("KafkaConnection", () => {
  test("a request that waits behind a produce request of the same chunk is whole when its turn comes", async () => {
    const held: (() => void)[] = [];
    let hold = false;
    const schedule = (finish: () => void): void => {
      if (hold) held.push(finish);
      else queueMicrotask(finish);
    };
    const gateway = await Gateway.open({
      diskOptions: { syncs: schedule },
      maxChunkBytes: Number.MAX_SAFE_INTEGER,
    });
    const client = await gateway.connect();
    const names = (name: string) => ({ ...DEFAULT_METADATA_REQUEST, topics: [{ topicId: ZERO_UUID, name }] });
    await client.ask(METADATA_REQUEST, METADATA_RESPONSE, names("t"), V.metadata);
    hold = true;
    const produce = {
      transactionalId: null,
      acks: -1,
      timeoutMs: 1000,
      topicData: [
        {
          name: "t",
          topicId: ZERO_UUID,
          partitionData: [{ index: 0, records: batchOf(["v".repeat(5000)]) }],
        },
      ],
    };
    client.raw(
      Buffer.concat([
        encodeRequest(PRODUCE_REQUEST, produce, V.produce, 101),
        encodeRequest(METADATA_REQUEST, names("later"), V.metadata, 102),
        encodeRequest(PRODUCE_REQUEST, produce, V.produce, 103),
      ]),
    );
    await gateway.clock.settleAll();
    expect(client.frames).toEqual([]);
    hold = false;
    for (const finish of held.splice(0)) finish();
    await gateway.clock.settleAll();
    const offsets = [101, 103].map((id) => {
      if (id === 103) client.take(METADATA_RESPONSE, V.metadata, 102);
      return client.take(PRODUCE_RESPONSE, V.produce, id).responses[0]?.partitionResponses[0]?.baseOffset;
    });
    expect(offsets).toEqual([0, 1]);
    expect(gateway.broker.topics.get("later")).not.toBeNull();
    expect(gateway.refusals).toEqual([]);
  });
});
