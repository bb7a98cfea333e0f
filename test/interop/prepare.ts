import { kafkaTool } from "../support/kafka/real-kafka.ts";
import { goShareMissing, shareDriverMissing } from "./clients/share-driver.ts";
import {
  goDriverMissing,
  goMemberMissing,
  goMqttMissing,
  goSecureMissing,
  javaMqttMissing,
  pythonClientsMissing,
  zeroconfMissing,
} from "./tools.ts";

/** Fetches and builds all that the tests with real parts need, so that no test has to wait for it. */
kafkaTool("");
const missing = [
  goDriverMissing(),
  goMemberMissing(),
  goMqttMissing(),
  goSecureMissing(),
  javaMqttMissing(),
  pythonClientsMissing(),
  shareDriverMissing(),
  goShareMissing(),
  zeroconfMissing(),
].filter((reason) => reason !== null);
for (const reason of missing) console.error(reason);
process.exitCode = missing.length === 0 ? 0 : 1;
