import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Logger } from "../base/logger.ts";
import type { ScramCredentials } from "../broker/scram-credentials.ts";
import type { Settings } from "../config/options.ts";
import { aclFile, usersFile } from "../config/security-files.ts";
import { SystemPasswords } from "../io/bun/passwords.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import { checkTls } from "../io/bun/tls.ts";
import type { Clock, Timer } from "../io/clock.ts";
import { RevocationWatch } from "../security/revocation-watch.ts";
import { endingLists } from "../security/revocations.ts";
import {
  type OtherUsers,
  Security,
  type SecurityFile,
  type SecurityOptions,
  type TlsFiles,
} from "../security/security.ts";
import { verifierOfCredential } from "../security/verifiers.ts";

/** Users, rules and certificates of a gateway, and the look at whether their files have changed. */
export class WatchedSecurity {
  readonly security: Security;
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** Null where nobody is asked for a certificate, or there are no lists. */
  readonly #lists: RevocationWatch | null;
  #seen: string;
  #timer: Timer | null = null;

  /** `onUsers`: see SecurityOptions. */
  constructor(
    settings: Settings,
    clock: Clock,
    logger: Logger,
    onUsers: NonNullable<SecurityOptions["onUsers"]>,
  ) {
    const disk = new PlainDisk();
    this.#clock = clock;
    this.#intervalMs = settings["security.reload.interval.ms"];
    this.security = new Security({
      readFile: (path, maxBytes) => disk.readFile(path, maxBytes),
      passwords: new SystemPasswords(),
      // The others are for the syncs of the log.
      parallelLogins: Math.max(1, availableParallelism() >> 1),
      clock,
      logger,
      users: file(settings["security.users.file"], usersFile(settings)),
      acl: file(settings["security.acl.file"], aclFile(settings)),
      tls: tlsFiles(settings),
      nameSources: settings["tls.principal"],
      anonymous: settings["security.anonymous"],
      granting: settings["security.acl.subscriptions"],
      checkTls,
      onUsers,
    });
    const hasLists = asksForCertificates(settings) && settings["tls.crl.file"] !== "";
    this.#lists = hasLists ? new RevocationWatch(settings["tls.crl.file"], logger) : null;
    this.#seen = this.#look();
    this.#lookAtLists();
    this.#watch();
  }

  /** Why certificates are all refused, where a list of revoked ones is out of date. */
  get overdueLists(): readonly string[] {
    return this.#lists?.reasons(this.security.revocationLists, this.#clock.nowMs()) ?? [];
  }

  /** By when the first of the lists of revoked certificates has to be replaced; null where there is none, or nobody is asked. */
  get listsExpireAtMs(): number | null {
    const ending = this.#lists === null ? [] : endingLists(this.security.revocationLists);
    return ending.length === 0 ? null : Math.min(...ending.map(({ endsAtMs }) => endsAtMs));
  }

  /** Reads the files again, changed or not. */
  reload(): void {
    this.#seen = this.#look();
    this.security.reload();
    this.#lookAtLists();
  }

  /** Why files are not used as they are, whether doors are closed for it or what was before stands. */
  get unused(): readonly string[] {
    const { startFaults, keptFaults } = this.security;
    return [...startFaults.map(({ reason }) => reason), ...keptFaults];
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** By looking, not by being told: files are replaced, linked, and on file systems that tell nobody. */
  #watch(): void {
    this.#timer = this.#clock.after(this.#intervalMs, () => {
      // What may be mended by now is read again in any case: its file need not be what was in the way.
      const isWhole = this.security.startFaults.length + this.security.keptFaults.length === 0;
      if (!isWhole || this.#look() !== this.#seen) this.reload();
      this.#lookAtLists();
      this.#watch();
    });
  }

  #lookAtLists(): void {
    this.#lists?.look(this.security.revocationLists, this.#clock.nowMs());
  }

  #look(): string {
    return this.security.files
      .map((path) => {
        const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
        return stat === undefined ? "" : `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
      })
      .join("\n");
  }
}

/** Users whom Kafka's own tools have made. */
export function otherUsers(scram: ScramCredentials): OtherUsers {
  return {
    get size() {
      return scram.size;
    },
    verifiersOf: (userName) => scram.of(userName).map(verifierOfCredential),
    onChange: (listener) => scram.onChange(listener),
  };
}

/** Whether lists of revoked certificates matter: while no door asks for a certificate nobody is refused for one. */
export function asksForCertificates(settings: Settings): boolean {
  const asks = [settings["mqtt.tls.client.auth"], settings["kafka.tls.client.auth"]];
  return settings["tls.ca.file"] !== "" && asks.some((auth) => auth !== "none");
}

function file(asked: string, path: string): SecurityFile {
  return { path, mayBeMissing: asked === "" };
}

/** Null where there is neither certificate nor key: a place that listens with TLS was refused before. */
function tlsFiles(settings: Settings): TlsFiles | null {
  const certificate = settings["tls.certificate.file"];
  const key = settings["tls.key.file"];
  if (certificate === "" || key === "") return null;
  return {
    certificate,
    key,
    authorities: settings["tls.ca.file"] || null,
    revocations: settings["tls.crl.file"] || null,
    minVersion: settings["tls.min.version"],
  };
}
