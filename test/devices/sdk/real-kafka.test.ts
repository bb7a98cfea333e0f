import { realKafkaMissing, startRealKafka } from "../../support/kafka/real-kafka.ts";
import { sdkContract } from "./sdk-contract.ts";

if (realKafkaMissing() === null) sdkContract("Apache Kafka", () => startRealKafka());
