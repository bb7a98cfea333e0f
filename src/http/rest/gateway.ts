import type { Broker } from "../../broker/broker.ts";
import type { DeviceTable } from "../../broker/devices/device-table.ts";
import type { Turns } from "../../broker/views/turns.ts";
import type { Role } from "../../config/role-option.ts";
import type { SettingRow } from "../../config/setting-rows.ts";
import type { Coordinators } from "../../coordinators/coordinators.ts";
import type { Random } from "../../io/random.ts";
import type { RateHistory } from "../history/rate-history.ts";
import type { Decoders } from "../record-lines.ts";
import type { StatusSource } from "../status.ts";
import type { HttpTally } from "../tally.ts";
import type { Idempotency } from "./idempotency.ts";

/** What the operations work with. Whoever wires the gateway gives it once the logs are open. */
export interface Gateway {
  readonly broker: Broker;
  readonly coordinators: Coordinators;
  readonly status: StatusSource;
  /** Null where there is no registry of devices. */
  readonly devices: DeviceTable | null;
  readonly rates: RateHistory;
  /** Shares turns of the event loop out among answers that read logs. */
  readonly turns: Turns;
  readonly decoders: Decoders;
  /** Requests that may come again. */
  readonly idempotency: Idempotency;
  /** Where dead letters of routes and downlinks go, each topic once. */
  readonly mqttDeadLetterTopics: readonly string[];
  readonly random: Random;
  readonly tally: HttpTally;
  readonly connections: ConnectionSource;
  readonly config: ConfigSource;
  readonly users: UserSource;
  /** A copy of the data folder, as tar. */
  backup(): AsyncGenerator<Uint8Array>;
}

/** Who is connected, beside what StatusSource tells of. */
export interface ConnectionSource {
  /** Clients of Kafka's door, at most so many. */
  kafka(limit: number): readonly KafkaClient[];
  /** Requests of this door that are being answered, streams included. */
  httpRequests(): number;
}

export interface KafkaClient {
  /** Name of the principal. */
  readonly user: string;
  /** How it is known who it is: a mechanism of SASL, a certificate, or null for not at all. */
  readonly method: string | null;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** What another text of the configuration file would do. */
export interface ConfigCheck {
  readonly changes: readonly {
    readonly key: string;
    /** As they would be written; secrets are hidden. Null for sections that come or go. */
    readonly from: string | null;
    readonly to: string | null;
    readonly restart: boolean;
  }[];
  readonly problems: readonly {
    readonly key: string;
    readonly value: string | null;
    readonly line: number | null;
    readonly fault: string;
    readonly remedy: string;
  }[];
}

export interface ConfigSource {
  check(text: string): ConfigCheck;
  /** Replaces the configuration file. Throws CONFIG_INVALID with nothing changed, or DISK_IO. */
  write(text: string): void;
  list(): readonly SettingRow[];
  /** Reads it again. Throws CONFIG_INVALID, with nothing changed. */
  reload(): {
    readonly live: readonly string[];
    readonly restart: readonly string[];
    /** Why files of users, rules or certificates are not used as they are. */
    readonly unused: readonly string[];
  };
}

/** The users of all doors. Calls throw or reject with HeadwaterError. */
export interface UserSource {
  list(): readonly {
    readonly name: string;
    readonly role: Role | null;
    readonly groups: readonly string[];
  }[];
  /** Resolves once the file has it and the doors go by it; false where the user is there, or is not, against expectation. */
  set(name: string, password: Uint8Array, how: "add" | "change"): Promise<boolean>;
  /** False where there is no such user. */
  remove(name: string): Promise<boolean>;
}
