import type { Logger } from "../base/logger.ts";
import type { LogIdentity, LogReport } from "../log/log-config.ts";
import type { Metrics } from "../metrics/metrics.ts";

/** Logs that the journal had something of are named one by one up to here: a gateway may have thousands. */
const MAX_RECOVERIES_TOLD = 100;

type DamageListener = (log: LogIdentity, fromOffset: number, toOffset: number) => void;

/** Damage that the store's start finds is told of once somebody is there to write it down. */
export class DamageNotes {
  #early: (readonly [LogIdentity, number, number])[] = [];
  #listener: DamageListener | null = null;

  readonly note: DamageListener = (log, fromOffset, toOffset) => {
    if (this.#listener === null) this.#early.push([log, fromOffset, toOffset]);
    else this.#listener(log, fromOffset, toOffset);
  };

  tellTo(listener: DamageListener): void {
    this.#listener = listener;
    for (const [log, fromOffset, toOffset] of this.#early.splice(0)) listener(log, fromOffset, toOffset);
  }
}

/** What the log has to tell, for people and for the metrics. */
export function logReport(logger: Logger, metrics: Metrics, onDamage: DamageListener = () => {}): LogReport {
  let recoveries = 0;
  return {
    recovered({ topic, partition }, details) {
      if (details.scannedBytes === 0 && details.journalBytes === 0) return;
      recoveries += 1;
      if (recoveries <= MAX_RECOVERIES_TOLD)
        logger.info("log recovered after an unclean stop", { topic, partition, ...details });
      else if (recoveries === MAX_RECOVERIES_TOLD + 1) logger.info("more logs are being recovered");
    },
    tornTail: ({ topic, partition }, endOffset, bytes) =>
      logger.info("cut what was never acknowledged from a log's end", { topic, partition, endOffset, bytes }),
    cutBatches({ topic, partition }, { path, ...cut }) {
      const place =
        path === null
          ? "there was no room to keep them"
          : "a copy is in the quarantine for whoever misses records";
      const message = `cut whole batches behind a hole at a log's end: power went while they were written, or what is before them is damaged and they had been acknowledged; ${place}`;
      logger.warn(message, { topic, partition, ...cut, path });
    },
    quarantined(log, path, fromOffset, toOffset, why) {
      if (log !== null && toOffset > fromOffset && fromOffset >= 0) onDamage(log, fromOffset, toOffset);
      const place = { topic: log?.topic, partition: log?.partition };
      logger.error("corrupt records were set aside", { ...place, path, fromOffset, toOffset, why });
    },
    fenced: ({ topic, partition }, error, why) =>
      logger.error(`a log takes no more records until the next start: ${why}`, { topic, partition, error }),
    // What of that somebody loses is in the ledger, and counted there.
    deleted: ({ topic, partition }, fromOffset, toOffset, reason) =>
      logger.info("records deleted", { topic, partition, fromOffset, toOffset, reason }),
    diskFull(full, freeBytes, limit) {
      metrics.diskFull.set(full ? 1 : 0);
      if (full) {
        const what = limit === "disk-full" ? "disk full" : `${limit} is reached`;
        const message = `${what}: records are refused until there is space, metadata goes on`;
        logger.error(message, { limit, freeBytes });
      } else logger.info("there is space again: records are taken", { limit, freeBytes });
    },
    warning: (message, cause) => logger.warn(message, { cause }),
  };
}
