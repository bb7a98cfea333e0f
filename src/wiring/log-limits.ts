import type { Settings } from "../config/options.ts";
import { DEFAULT_LOG_LIMITS, type LogLimits } from "../log/log-config.ts";

/** The journal is a pair of files, so that one can be emptied while the other fills. */
const JOURNAL_FILES = 2;

export function logLimits(settings: Settings): LogLimits {
  return {
    ...DEFAULT_LOG_LIMITS,
    journalBytes: Math.floor(settings["journal.bytes"] / JOURNAL_FILES),
    lingerMs: settings["commit.linger.ms"],
    maxOpenFiles: settings["disk.max.open.files"],
    maxMappedBytes: settings["disk.max.mapped.bytes"],
    reserveBytes: settings["disk.reserve.bytes"],
    maxLogBytes: settings["log.max.bytes"],
    retentionCheckIntervalMs: settings["log.retention.check.interval.ms"],
  };
}
