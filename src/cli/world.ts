import type { Logger } from "../base/logger.ts";
import type { LoadResult } from "../config/load.ts";
import type { Settings } from "../config/options.ts";
import type { Source } from "../config/problem.ts";
import type { Addresses } from "../http/status.ts";
import type { Inspection } from "../log/inspection/store-check.ts";

/** What commands need of the process they run in; tests give their own. */
export interface World {
  /** From the call on, `report` hears of the error that nobody caught, and the process ends with EXIT.bug. */
  readonly onBug: (report: (error: unknown) => void) => void;
  /** Writes to standard output, whole and in order. */
  readonly out: (text: string | Uint8Array) => void;
  /** Writes a message for people. */
  readonly err: (text: string) => void;
  readonly stdin: () => AsyncIterable<Uint8Array>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostName: string;
  readonly outIsTerminal: boolean;
  /** Whether standard error is a terminal. */
  readonly errIsTerminal: boolean;
  readonly stdinIsTerminal: boolean;
  readonly version: string;
  /** When the program's commit was made, in milliseconds since 1970; left out where nobody knows. */
  readonly builtMs?: number;
  readonly runBroker: RunBroker;
  /** What can be done to the data folder of a gateway that does not run. */
  readonly dataWork: () => Promise<DataWork>;
  /**
   * Resolves with the signal's name when the user or the supervisor wants the command to end. A command that
   * never calls this is ended by the signal itself.
   */
  readonly interrupted: () => Promise<string>;
  /** From the call on, SIGHUP no longer ends the command but calls back. */
  readonly onHangup: (callback: () => void) => void;
  /** Asks on the terminal; gives the line that is typed, empty where nothing is. */
  readonly ask: (prompt: string) => Promise<string>;
  /** Asks for a secret on the terminal, which does not show what is typed. */
  readonly askSecret: (prompt: string) => Promise<string>;
  /** Takes the terminal that the output goes to, to draw on all of it; null where it goes to none. */
  readonly openTerminal: () => Terminal | null;
}

/** A terminal that a command has for itself until it closes it. */
export interface Terminal {
  /** Of characters, as they are now. */
  size(): { readonly columns: number; readonly rows: number };
  onResize(callback: () => void): void;
  /** Calls back with each key, "\u0003" for Ctrl-C included; never where nobody can type. */
  onKey(callback: (key: string) => void): void;
  /** Gives it back as it was. */
  close(): void;
}

/**
 * Starts a gateway, or throws a HeadwaterError that says why not. Resolves once everything serves. `sources` says where
 * settings are from, for those who ask the gateway.
 */
export type RunBroker = (
  settings: Settings,
  logger: Logger,
  sources?: ReadonlyMap<string, Source>,
  reloads?: Reloads,
) => Promise<RunningBroker>;

export interface RunningBroker {
  readonly addresses: Addresses;
  /**
   * Reads the configuration again, and files that may change while it runs: users, rules, certificates. Throws
   * CONFIG_INVALID, with nothing changed.
   */
  reload(): ReloadOutcome;
  /** Drains, leaves the marker of a clean shutdown and resolves when everything is closed. */
  stop(): Promise<void>;
  /** Resolves with the reason when the gateway can't go on by itself; never where it can. */
  readonly failed: Promise<Error>;
  /** Resolves with the reason when the gateway is to stop and be started again, as another version. */
  readonly restarts?: Promise<string>;
}

/** Where a gateway gets its configuration again. */
export interface Reloads {
  /** As at the start: the same command line, environment and file. Throws CONFIG_INVALID. */
  read(): { readonly settings: Settings; readonly sources: ReadonlyMap<string, Source> };
  /** The configuration file; null where there is none. */
  readonly file: string | null;
  /** What `read` would give if the file had this text, or what is wrong with it. */
  check(text: string): LoadResult;
  /** The settings in force from now on. */
  took(settings: Settings): void;
}

/** Names of settings that differ from those in force. */
export interface ReloadOutcome {
  /** Taken over. */
  readonly live: readonly string[];
  /** In effect at the next start. */
  readonly restart: readonly string[];
  /** Why files of users, rules or certificates are not used as they are. */
  readonly unused: readonly string[];
}

export interface DataWork {
  /** Repairs what an inspection found; see wiring/repair-data.ts. */
  /** A copy of the folder as tar, after what a start would recover; see wiring/backup.ts. */
  backup(settings: Settings, version: string, logger: Logger): AsyncGenerator<Uint8Array>;
  repair(settings: Settings, inspection: Inspection, logger: Logger): Promise<RepairOutcome>;
}

export interface RepairOutcome {
  readonly setAside: readonly SetAside[];
  /** Partitions that can't be served all the same. */
  readonly faulty: readonly string[];
}

/** Something damaged that was put out of the way. */
export interface SetAside {
  readonly topic: string | null;
  readonly partition: number | null;
  /** Where it lies now; null where nothing was left of it. */
  readonly path: string | null;
  /** Offsets [fromOffset, toOffset) that are lost; null where that is not known. */
  readonly fromOffset: number | null;
  readonly toOffset: number | null;
  readonly why: string;
}
