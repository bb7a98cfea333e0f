import { statSync } from "node:fs";
import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import { replaceFile } from "../cli/users-file.ts";
import type { ReloadOutcome, Reloads } from "../cli/world.ts";
import { LIVE_FILES, settingChanges, withLive } from "../config/live.ts";
import { type Settings, topicDefaults } from "../config/options.ts";
import type { ConfigProblem, Source } from "../config/problem.ts";
import { settingRows } from "../config/setting-rows.ts";
import type { ConfigCheck } from "../http/rest/gateway.ts";
import { linkSettings } from "./uplink-link.ts";
import type { Uplinks } from "./uplinks.ts";

/** The settings of a running gateway, and how they change. */
export class SettingsInForce {
  settings: Settings;
  sources: ReadonlyMap<string, Source>;
  readonly #reloads: Reloads | null;
  readonly #logger: Logger;

  constructor(
    settings: Settings,
    sources: ReadonlyMap<string, Source>,
    reloads: Reloads | null,
    logger: Logger,
  ) {
    this.settings = settings;
    this.sources = sources;
    this.#reloads = reloads;
    this.#logger = logger;
  }

  /** What would change if the configuration file had this text, and what is wrong with it. Nothing is changed. */
  check(text: string): ConfigCheck {
    if (this.#reloads === null) return { changes: [], problems: [] };
    const result = this.#reloads.check(text);
    if (!result.ok) return { changes: [], problems: result.problems.map(problemRow) };
    const { live, restart } = settingChanges(this.settings, result.settings);
    const shownBy = (settings: Settings) =>
      new Map(settingRows(settings, new Map()).map(({ key, value }) => [key, value]));
    const [before, after] = [shownBy(this.settings), shownBy(result.settings)];
    const changes = [...live, ...restart].map((key) => ({
      ...{ key, from: before.get(key) ?? null, to: after.get(key) ?? null, restart: restart.includes(key) },
    }));
    return { changes, problems: [] };
  }

  /** Replaces the configuration file. Throws CONFIG_INVALID where there is none or the text is wrong, DISK_IO. */
  write(text: string): void {
    const path = this.#reloads?.file ?? null;
    if (path === null) {
      throw new HeadwaterError("CONFIG_INVALID", "the gateway was started without a configuration file");
    }
    const [problem] = this.check(text).problems;
    if (problem !== undefined) {
      throw new HeadwaterError("CONFIG_INVALID", `${problem.key}: ${problem.fault}; ${problem.remedy}`);
    }
    replaceFile(path, text, statSync(path).mode & 0o777);
    this.#logger.warn("an operator replaced the configuration file", { path });
  }

  /**
   * Reads the configuration again and takes over what can be. Throws CONFIG_INVALID, with nothing changed, where it
   * can't be read as it should.
   */
  reload(parts: {
    readonly broker: Broker | null;
    readonly uplinks: Uplinks | null;
  }): Omit<ReloadOutcome, "unused"> {
    if (this.#reloads === null) return { live: [], restart: [] };
    let read: ReturnType<Reloads["read"]>;
    try {
      read = this.#reloads.read();
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      this.#logger.error("the configuration can't be taken: nothing was changed", { error });
      throw error;
    }
    const changes = settingChanges(this.settings, read.settings);
    const { settings, sources } = withLive(this, read);
    this.settings = settings;
    this.sources = sources;
    const { broker, uplinks } = parts;
    broker?.useDefaults({
      topicDefaults: topicDefaults(settings),
      autoCreateTopics: settings["auto.create.topics.enable"],
      defaultPartitions: settings["num.partitions"],
    });
    broker?.store.setTimes({
      lingerMs: settings["commit.linger.ms"],
      retentionCheckIntervalMs: settings["log.retention.check.interval.ms"],
    });
    for (const uplink of settings.uplinks) uplinks?.setLink(uplink.name, linkSettings(uplink));
    this.#reloads.took(settings);
    this.#logger.info("the configuration was read again", { ...changes, files: LIVE_FILES });
    if (changes.restart.length > 0)
      this.#logger.warn("some settings take effect at the next start only", { settings: changes.restart });
    return changes;
  }
}

function problemRow({ key, value, source, fault, remedy }: ConfigProblem): ConfigCheck["problems"][number] {
  return { key, value, line: source.kind === "file" ? source.line : null, fault, remedy };
}
