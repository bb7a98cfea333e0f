import type { Logger } from "../base/logger.ts";
import type { Clock } from "../io/clock.ts";
import { RepeatedWords } from "../upstream/repeated-words.ts";
import type { UplinkReports } from "../upstream/reports.ts";
import type { UplinkGaps } from "./uplink-gaps.ts";

/** What an uplink tells, as lines of the log and entries of the ledger. What repeats is told at times that grow. */
export function uplinkReports(logger: Logger, clock: Clock, gaps: UplinkGaps): UplinkReports {
  const repeated = new RepeatedWords();
  const tell = (level: "info" | "warn" | "error", message: string, error?: Error | null): void => {
    const before = repeated.say(message, clock.monotonicMs());
    if (before === null) return;
    const details = error === undefined ? {} : { error };
    if (before === 0) logger[level](message, details);
    else logger[level](message, { ...details, sinceThen: before });
  };
  return {
    onGap(topic, partition, fromOffset, toOffset, reason, cause, record) {
      gaps.note(topic, partition, fromOffset, toOffset, cause, record);
      logger.error("records will not reach the centre", { topic, partition, fromOffset, toOffset, reason });
    },
    areGapsWritten: (...upTo) => gaps.areWritten(...upTo),
    areDeletionsWritten: (...upTo) => gaps.areDeletionsWritten(...upTo),
    onRecreated: (topic) => logger.warn("a topic was made again, it is forwarded from its start", { topic }),
    onCentreRecreated: (topic, centralTopic, decision, records) =>
      logger.warn(
        decision === "refill"
          ? "a topic was made again at the centre: what is stored here goes up again (recreated.topics = refill)"
          : "a topic was made again at the centre: what had gone up before does not go up again (recreated.topics = continue)",
        { topic, centralTopic, records },
      ),
    onDiverged: (topic, partition, fromOffset, toOffset, epoch) =>
      logger.error("the centre has records that this data folder has not: it is an older copy, or another", {
        ...{ topic, partition, fromOffset, toOffset, epoch },
      }),
    onState: (level, message) => tell(level, message),
    onRecovered(troubleMs) {
      repeated.forget();
      logger.info("forwarding again", { troubleMs: Math.round(troubleMs) });
    },
    onTrouble: (message, error) => tell("warn", message, error),
  };
}
