import { afterAll, beforeAll } from "bun:test";
import { type RealKafka, realKafkaMissing, startRealKafka } from "../../support/kafka/real-kafka.ts";
import { mergeCheckContract } from "../merge-check/merge-check-contract.ts";
import { replayContract } from "./replay-contract.ts";
import { verifyContract } from "./verify-contract.ts";

const NAME = "Apache Kafka";

if (realKafkaMissing() === null) {
  let kafka: RealKafka;

  beforeAll(async () => {
    kafka = await startRealKafka();
  }, 120_000);

  afterAll(() => kafka?.stop(), 60_000);

  const start = async () => ({ bootstrap: kafka.bootstrap, stop: async () => {} });
  replayContract(NAME, start);
  verifyContract(NAME, start);
  mergeCheckContract(NAME, start);
}
