import { describe, expect, test } from "bun:test";
import { startHeadwater } from "../../support/headwater.ts";
import { realKafkaMissing, startRealKafka } from "../../support/kafka/real-kafka.ts";
import { askAboutTransactions } from "./transactions-script.ts";

/*
 * The same requests, in the same order, to this broker and to Apache Kafka. What they answer has to be the same but
 * for what is their own, and for the order of partitions that Kafka keeps in a hash map.
 *
 * Left out, since Kafka 4.3 never answers it: WriteTxnMarkers with a marker for no partition, or for some of which
 * none can be found beside others that can. This broker answers both.
 */
const missing = realKafkaMissing();
if (missing !== null) console.log(`skipped: the same requests to Apache Kafka (${missing})`);
const TIMEOUT_MS = 180_000;
const FEWEST_ANSWERS = 120;

describe.skipIf(missing !== null)("beside Apache Kafka", () => {
  test(
    "transactions, fetches and fetch sessions are answered alike",
    async () => {
      const headwater = await startHeadwater();
      const kafka = await startRealKafka();
      try {
        const [ours, theirs] = await Promise.all([
          askAboutTransactions(headwater.kafka),
          askAboutTransactions(kafka.bootstrap),
        ]);
        expect(theirs.length).toBeGreaterThan(FEWEST_ANSWERS);
        for (const [index, line] of theirs.entries()) expect(ours[index] ?? "nothing").toBe(line);
      } finally {
        await kafka.stop();
        await headwater.dispose();
      }
    },
    TIMEOUT_MS,
  );
});
