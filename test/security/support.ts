import type { LogFields, Logger } from "../../src/base/logger.ts";
import type { Passwords } from "../../src/io/passwords.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { Security, type SecurityOptions } from "../../src/security/security.ts";

/** A hash in a form that a file of users takes, of a password that has letters and digits only. */
export function hashOf(password: string): string {
  const key = Buffer.from(password.padEnd(32, " ")).toString("base64").replaceAll("=", "");
  return `$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$${key}`;
}

/** Hashes that are computed when a test says so. */
export class FakePasswords implements Passwords {
  /** Checks that were asked for, all together. */
  checks = 0;
  #waiting: (() => void)[] = [];

  get running(): number {
    return this.#waiting.length;
  }

  hash(password: Uint8Array): Promise<string> {
    return Promise.resolve(hashOf(Buffer.from(password).toString()));
  }

  verify(password: Uint8Array, hash: string): Promise<boolean> {
    this.checks++;
    const good = hashOf(Buffer.from(password).toString()) === hash;
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(good));
    });
  }

  fingerprint(password: Uint8Array, hash: string): string {
    return `${hash} ${Buffer.from(password).toString("hex")}`;
  }

  /** Ends the checks that run, and lets whoever waited for them go on. */
  async finish(): Promise<void> {
    for (const end of this.#waiting.splice(0)) end();
    for (let turn = 0; turn < 3; turn++) await Promise.resolve();
  }

  /** Ends checks until there are none. */
  async finishAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.finish();
  }
}

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A store of users and rules whose files are texts. */
export class SecurityRig {
  readonly files = new Map<string, string>();
  readonly passwords = new FakePasswords();
  readonly clock: ManualClock;
  readonly lines: Line[] = [];
  readonly logger = recorder(this.lines);
  readonly security: Security;

  constructor(
    files: Readonly<Record<string, string>> = {},
    options: Partial<SecurityOptions> = {},
    clock = new ManualClock(),
  ) {
    this.clock = clock;
    for (const [path, text] of Object.entries(files)) this.files.set(path, text);
    this.security = new Security({
      readFile: (path) => {
        const text = this.files.get(path);
        return text === undefined ? null : Buffer.from(text);
      },
      passwords: this.passwords,
      clock: this.clock,
      logger: this.logger,
      users: { path: "users", mayBeMissing: true },
      acl: { path: "acl.toml", mayBeMissing: true },
      tls: null,
      nameSources: ["cn"],
      anonymous: "loopback",
      granting: "whole",
      ...options,
    });
  }

  /** Changes a file, or takes it away, and has it read again. */
  change(path: string, text: string | null): void {
    if (text === null) this.files.delete(path);
    else this.files.set(path, text);
    this.security.reload();
  }
}

/** A file of users by their passwords. */
export function usersText(users: Readonly<Record<string, string>>): string {
  return Object.entries(users)
    .map(([name, password]) => `${name}:${hashOf(password)}\n`)
    .join("");
}

function recorder(lines: Line[]): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void => {
      lines.push({ level, message, fields });
    };
  const logger: Logger = {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: () => logger,
  };
  return logger;
}
