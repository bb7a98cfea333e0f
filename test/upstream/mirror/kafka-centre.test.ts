import { expect, test } from "bun:test";
import type { HeadwaterError } from "../../../src/base/errors.ts";
import type { Uuid } from "../../../src/base/ids.ts";
import { API_KEY } from "../../../src/kafka/wire/generated/apis.ts";
import {
  DEFAULT_DESCRIBE_CONFIGS_RESOURCE_RESULT,
  DEFAULT_DESCRIBE_CONFIGS_RESPONSE,
  DEFAULT_DESCRIBE_CONFIGS_RESULT,
  writeDescribeConfigsResponse,
} from "../../../src/kafka/wire/generated/describe-configs-response.ts";
import { ERROR } from "../../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_METADATA_RESPONSE,
  DEFAULT_METADATA_RESPONSE_PARTITION,
  DEFAULT_METADATA_RESPONSE_TOPIC,
  writeMetadataResponse,
} from "../../../src/kafka/wire/generated/metadata-response.ts";
import type { CentralTopicFacts } from "../../../src/upstream/mirror/centre.ts";
import { KafkaMirrorCentre } from "../../../src/upstream/mirror/kafka-centre.ts";
import { ScriptedBroker } from "../../kafka/client/scripted-broker.ts";

/** What a look at a topic comes to where the centre answers DescribeConfigs with this error. */
async function look(error: number): Promise<CentralTopicFacts | HeadwaterError | null> {
  const broker = new ScriptedBroker();
  broker.serves = [
    [API_KEY.API_VERSIONS, 0, 4],
    [API_KEY.METADATA, 0, 13],
    [API_KEY.DESCRIBE_CONFIGS, 1, 4],
  ];
  const bootstrap = [{ host: "127.0.0.1", port: broker.listener.port }];
  const centre = new KafkaMirrorCentre(broker.seams, { bootstrap, requestTimeoutMs: 1_000 });
  const looking = centre.look("reference").catch((thrown: HeadwaterError) => thrown);
  await broker.clock.settleAll();
  const [metadata] = broker.asked;
  if (metadata === undefined) throw new Error("nothing was asked");
  const topicId = "AAAAAAAAAAAAAAAAAAAAAQ" as Uuid;
  const topic = { ...DEFAULT_METADATA_RESPONSE_TOPIC, name: "reference", topicId };
  const topics = [{ ...topic, partitions: [DEFAULT_METADATA_RESPONSE_PARTITION] }];
  broker.answer(metadata, (writer) =>
    writeMetadataResponse(writer, { ...DEFAULT_METADATA_RESPONSE, topics }, metadata.version),
  );
  await broker.clock.settleAll();
  const describe = broker.asked[1];
  if (describe === undefined) throw new Error("settings were not asked for");
  const policy = { ...DEFAULT_DESCRIBE_CONFIGS_RESOURCE_RESULT, name: "cleanup.policy", value: "compact" };
  const result = {
    ...DEFAULT_DESCRIBE_CONFIGS_RESULT,
    ...{ resourceType: 2, resourceName: "reference", errorCode: error, configs: error === 0 ? [policy] : [] },
  };
  const response = { ...DEFAULT_DESCRIBE_CONFIGS_RESPONSE, results: [result] };
  broker.answer(describe, (writer) => writeDescribeConfigsResponse(writer, response, describe.version));
  await broker.clock.settleAll();
  const found = await looking;
  centre.close();
  return found;
}

test("settings of the central topic that can't be told yet are waited for", async () => {
  expect(await look(0)).toMatchObject({ cleanupPolicy: "compact" });
  for (const error of [ERROR.REQUEST_TIMED_OUT, ERROR.UNKNOWN_TOPIC_OR_PARTITION, ERROR.UNKNOWN_SERVER_ERROR])
    expect(await look(error)).toMatchObject({ code: "NETWORK" });
});

test("who may not ask for settings mirrors without them", async () => {
  for (const error of [
    ERROR.TOPIC_AUTHORIZATION_FAILED,
    ERROR.CLUSTER_AUTHORIZATION_FAILED,
    ERROR.INVALID_REQUEST,
  ])
    expect(await look(error)).toMatchObject({ partitions: 1, cleanupPolicy: null });
});
