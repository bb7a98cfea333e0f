import { realKafkaMissing, startRealKafka } from "../../support/kafka/real-kafka.ts";
import { replayContract } from "./replay-contract.ts";

if (realKafkaMissing() === null) replayContract("Apache Kafka", () => startRealKafka());
