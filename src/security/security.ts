import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { isLoopback } from "../config/address.ts";
import type { Clock } from "../io/clock.ts";
import type { TlsServer } from "../io/network.ts";
import type { Passwords } from "../io/passwords.ts";
import { MAX_ACL_FILE_BYTES, type Rule, readAcl } from "./acl.ts";
import type { Attempts } from "./attempts.ts";
import { type Certificate, chainExpiresAtMs, readAuthorities, readCertificate } from "./certificate.ts";
import { formatDistinguishedName } from "./distinguished-name.ts";
import { LOGIN_LIMITS, type LoginOutcome, Logins } from "./logins.ts";
import { type MappingRule, mappedName } from "./mapping-rules.ts";
import { type NameSource, nameOf } from "./principal-names.ts";
import { type RevocationList, readRevocations } from "./revocations.ts";
import { ALL_RIGHTS, type Granting, type Principal, type Rights, rightsOf } from "./rights.ts";
import { keptFault, type SecurityPart, type StartFault, settingOf, startFault } from "./start-faults.ts";
import { type TlsCheck, tryTls } from "./tls-trial.ts";
import { MAX_USERS_FILE_BYTES, nameFault, parseUsers, type Users } from "./users.ts";
import { verifiersIn } from "./verifiers.ts";

const MAX_PEM_BYTES = 1024 * 1024;

/** A file that may be missing only where nobody asked for it. */
export interface SecurityFile {
  readonly path: string;
  readonly mayBeMissing: boolean;
}

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** Authorities of client certificates, and their lists of revoked ones; null for none. */
  readonly authorities: string | null;
  readonly revocations: string | null;
  readonly minVersion: TlsServer["minVersion"];
}

export interface SecurityOptions {
  /** A file whole, null where there is none. Throws HeadwaterError. */
  readonly readFile: (path: string, maxBytes: number) => Uint8Array | null;
  readonly passwords: Passwords;
  /** Passwords that are checked at once; 1 where left out. */
  readonly parallelLogins?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly users: SecurityFile;
  readonly acl: SecurityFile;
  /** Null where no listener has TLS. */
  readonly tls: TlsFiles | null;
  readonly nameSources: readonly NameSource[];
  /** Who may connect without saying who he is. */
  readonly anonymous: "loopback" | "allow" | "deny";
  readonly granting: Granting;
  /** Tries certificates that are to take the place of others, which stand where these can't be used; none are tried where left out. */
  readonly checkTls?: TlsCheck;
  /** Told of each file of users that was read after another. */
  readonly onUsers?: (before: Users, after: Users) => void;
}

/** What somebody shows of himself. */
export interface Credentials {
  readonly userName: string | null;
  readonly password: Uint8Array | null;
  /** A certificate that was found good, in DER. */
  readonly certificate: Uint8Array | null;
  readonly address: string;
}

/** What a connection was let in for: as long as it holds, the connection may stay. */
export type Proof =
  | { readonly kind: "anonymous" }
  /** Of an issuer that others keep; whoever takes it looks after its end. */
  | { readonly kind: "token" }
  | {
      readonly kind: "password";
      readonly userName: string;
      /** The one of the user's verifiers by which it was found good. */
      readonly hash: string;
    }
  | {
      readonly kind: "certificate";
      readonly id: string;
      readonly issuer: string;
      readonly expiresAtMs: number;
      /** How often authorities had been taken away by then. */
      readonly removals: number;
    };

/** Users that are kept elsewhere than in the file. */
export interface OtherUsers {
  /** How many there are. */
  readonly size: number;
  /** What is kept of a user's passwords (`verifiers.ts`); empty where there is no such user. */
  verifiersOf(userName: string): readonly string[];
  /** Calls back after every change. */
  onChange(listener: () => void): void;
}

/** Whose something is that outlives its connection. */
export interface Owner {
  /** Null for nobody in particular. */
  readonly userName: string | null;
  /** The id of the certificate that the name is from; null where it is from a password, or there is none. */
  readonly certificate: string | null;
}

export type Admission =
  | { readonly kind: "admitted"; readonly userName: string | null; readonly proof: Proof }
  | {
      /** "unknown": not who he says. "forbidden": nobody may connect so. The others: not now. */
      readonly kind: "unknown" | "forbidden" | "busy" | "too-many";
      /** For the log and the reason string: it says nothing of what would have been right. */
      readonly what: string;
    };

const NO_GROUPS: ReadonlyMap<string, readonly string[]> = new Map();
const ANONYMOUS: Proof = { kind: "anonymous" };
const BAD_LOGIN = "user name or password is wrong";

/** Who may connect and what they may do: users, certificates and rules, read from files that may change. */
export class Security {
  readonly #options: SecurityOptions;
  readonly #logins: Logins;
  #users: Users = new Map();
  #others: OtherUsers | null = null;
  /** Null where there are no rules: then nobody is denied anything. */
  #rules: readonly Rule[] | null = null;
  #groups: ReadonlyMap<string, readonly string[]> = NO_GROUPS;
  #tls: Omit<TlsServer, "clientCertificate" | "protocols"> | null = null;
  #certificateExpiresAtMs: number | null = null;
  #lists: readonly RevocationList[] = [];
  #revoked: ReadonlySet<string> = new Set();
  /** Names of the authorities by their bytes, and how often some had been taken away when one of a name was, the last time. */
  #authorities: ReadonlyMap<string, string> = new Map();
  #removedAt: ReadonlyMap<string, number> = new Map();
  #removals = 0;
  #version = 0;
  /** What every file held when it was read; undefined before. */
  readonly #texts = new Map<string, string | null>();
  readonly #listeners: (() => void)[] = [];
  /** What could not be read at the start, and not since. */
  readonly #faults = new Map<SecurityPart, StartFault>();
  /** What the last reading that failed said of each part. */
  readonly #failures = new Map<SecurityPart, string>();
  /** Why parts are not used as they are now, while what was read before stands. */
  readonly #kept = new Map<SecurityPart, string>();

  /** Reads all files. What can't be used lets nobody in until it can; see `startFaults`. */
  constructor(options: SecurityOptions) {
    this.#options = options;
    const maxRunning = options.parallelLogins ?? LOGIN_LIMITS.maxRunning;
    this.#logins = new Logins(options.passwords, options.clock, { ...LOGIN_LIMITS, maxRunning });
    this.#logins.users = { get: (name) => this.verifiersOf(name)?.join(" ") };
    for (const [part, read] of this.#parts()) {
      try {
        read();
      } catch (error) {
        if (!(error instanceof HeadwaterError)) throw error;
        const fault = startFault(part, settingOf(part, options, error.path), error.message);
        this.#faults.set(part, fault);
        this.#failures.set(part, error.message);
        options.logger.error("a file of users, rules or certificates can't be used", {
          reason: fault.reason,
        });
      }
    }
  }

  /** What could not be read at the start, and is closed for that; empty once all of it was. */
  get startFaults(): readonly StartFault[] {
    return [...this.#faults.values()];
  }

  /** What is not used as it is now, while what was read before stands: a start would not have that. Empty where all is used. */
  get keptFaults(): readonly string[] {
    return [...this.#kept.values()];
  }

  /** Whether users and rules are known: before nobody can be told what he may do. */
  get isKnown(): boolean {
    return !this.#faults.has("users") && !this.#faults.has("rules");
  }

  /** Whether the file of users is known: before no password is wrong because it is nobody's. */
  get knowsUsers(): boolean {
    return !this.#faults.has("users");
  }

  /** Grows whenever rights or users may have changed: what was found out under another one no longer stands. */
  get version(): number {
    return this.#version;
  }

  /** Whether there are users, or may be; while there are none, names and passwords mean nothing. */
  get hasUsers(): boolean {
    return this.#users.size > 0 || !this.knowsUsers;
  }

  /** Groups of the file of rules that a user is in. */
  groupsOf(userName: string): readonly string[] {
    return [...this.#groups].filter(([, members]) => members.includes(userName)).map(([name]) => name);
  }

  /** Stands for keys and certificates as they are: another object where they have changed. Null without TLS. */
  get certificates(): object | null {
    return this.#tls;
  }

  /** When the gateway's certificate, or one between it and its authority's, expires; null without TLS, or where none can be read. */
  get certificateExpiresAtMs(): number | null {
    return this.#certificateExpiresAtMs;
  }

  /** Lists of revoked certificates that are gone by. */
  get revocationLists(): readonly RevocationList[] {
    return this.#lists;
  }

  /** Files that matter, for whoever watches them. */
  get files(): readonly string[] {
    const { users, acl, tls } = this.#options;
    const pems = tls === null ? [] : [tls.certificate, tls.key, tls.authorities, tls.revocations];
    return [users.path, acl.path, ...pems.filter((path) => path !== null)];
  }

  /** Has these users too from now on; who is a user here and there may have either password. */
  join(others: OtherUsers): void {
    this.#others = others;
    others.onChange(() => this.#changed());
    this.#changed();
  }

  /** What is kept of a user's passwords; undefined where there is no such user. */
  verifiersOf(userName: string): readonly string[] | undefined {
    const found = [
      ...verifiersIn(this.#users.get(userName) ?? ""),
      ...(this.#others?.verifiersOf(userName) ?? []),
    ];
    return found.length === 0 ? undefined : found;
  }

  /** Wrong passwords of late, for who checks them in a way of its own. */
  get attempts(): Attempts {
    return this.#logins.attempts;
  }

  /** Checks a password, as `Logins.check` does. */
  checkPassword(
    userName: string,
    password: Uint8Array,
    address: string,
    done: (outcome: LoginOutcome) => void,
  ): () => void {
    if (!this.knowsUsers && this.verifiersOf(userName) === undefined) {
      done({ kind: "busy" });
      return () => {};
    }
    return this.#logins.check(userName, password, address, done);
  }

  /** Calls back after every change of the files that `reload` has found, and of the other users. */
  onChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Reads the files again. One that is gone or that can't be used stays as it was, with a line in the log: a slip
   * must neither open the gateway nor lock everybody out.
   */
  reload(): void {
    const before = this.#version;
    for (const [part, read] of this.#parts()) {
      try {
        read();
        this.#failures.delete(part);
        this.#kept.delete(part);
        if (this.#faults.delete(part)) this.#version++;
      } catch (error) {
        this.#failed(part, error);
      }
    }
    if (this.#version === before) return;
    this.#options.logger.info("users, rules or certificates have changed", { users: this.#users.size });
    this.#tell();
  }

  /** Says so once, however often it is looked at. */
  #failed(part: SecurityPart, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (this.#failures.get(part) === text) return;
    this.#failures.set(part, text);
    const isOpen = !this.#faults.has(part);
    const setting = settingOf(part, this.#options, error instanceof HeadwaterError ? error.path : null);
    if (isOpen) this.#kept.set(part, keptFault(part, setting, text, this.#mayBeGone(part, text)));
    else if (error instanceof HeadwaterError) this.#faults.set(part, startFault(part, setting, text));
    const message = isOpen
      ? "a file of users, rules or certificates is not used; what it was before stands"
      : "a file of users, rules or certificates can't be used";
    this.#options.logger.error(message, { error });
  }

  /** Whether a start would take a file that is gone for one that nobody wants. */
  #mayBeGone(part: SecurityPart, text: string): boolean {
    const { users, acl } = this.#options;
    const mayBeMissing = { users: users.mayBeMissing, rules: acl.mayBeMissing, certificates: false };
    return mayBeMissing[part] && text.endsWith(NO_SUCH_FILE);
  }

  #changed(): void {
    this.#version++;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  get #hasUsers(): boolean {
    return this.hasUsers || (this.#others?.size ?? 0) > 0;
  }

  /**
   * Says who somebody is, and calls back once: at once, but where a password has to be checked. What is returned
   * takes the question back.
   *
   * A password that is sent decides: who sends one is its user, or nobody. Else a certificate does. While there are
   * no users at all, names and passwords mean nothing, and who sends them is as anonymous as who does not.
   */
  admit(
    { userName, password, certificate, address }: Credentials,
    done: (admission: Admission) => void,
  ): () => void {
    const holder = certificate === null ? null : this.holder(certificate);
    if (holder !== null && holder.kind !== "admitted") {
      done(holder);
      return () => {};
    }
    if (this.#hasUsers && password !== null && userName !== null) {
      return this.checkPassword(userName, password, address, (outcome) => {
        if (outcome.kind === "good") {
          done({ kind: "admitted", userName, proof: { kind: "password", userName, hash: outcome.hash } });
        } else
          done({ kind: outcome.kind === "wrong" ? "unknown" : outcome.kind, what: REFUSALS[outcome.kind] });
      });
    }
    done(this.#withoutPassword(userName, password, holder, address));
    return () => {};
  }

  /** Whether a proof still holds. */
  holds(proof: Proof): boolean {
    switch (proof.kind) {
      case "anonymous":
      case "token":
        return true;
      case "password":
        return this.verifiersOf(proof.userName)?.includes(proof.hash) ?? false;
      case "certificate":
        return !this.#revoked.has(proof.id) && !this.#isOver(proof);
    }
  }

  /**
   * Whether a certificate has expired, or an authority was taken away since it was shown that may have been its own. Who
   * comes by one in between, which nobody knows any more, has to show it again after every removal.
   */
  #isOver({ issuer, expiresAtMs, removals }: Proof & { readonly kind: "certificate" }): boolean {
    if (expiresAtMs <= this.#options.clock.nowMs()) return true;
    return removals < (this.#removedAt.get(issuer) ?? this.#removals);
  }

  #useAuthorities(authorities: ReadonlyMap<string, string>): void {
    const removed = new Set(
      [...this.#authorities].flatMap(([der, name]) => (authorities.has(der) ? [] : [name])),
    );
    if (removed.size > 0) this.#removals++;
    const removedAt = new Map<string, number>();
    for (const name of authorities.values()) {
      const isSame = !removed.has(name) && this.#removedAt.has(name);
      removedAt.set(name, isSame ? (this.#removedAt.get(name) ?? 0) : this.#removals);
    }
    this.#removedAt = removedAt;
    this.#authorities = authorities;
  }

  /** Whether whoever has left something behind is still somebody: its user is there, its certificate on no list. */
  stands({ userName, certificate }: Owner): boolean {
    if (certificate !== null) return !this.#revoked.has(certificate);
    return userName === null || !this.knowsUsers || this.verifiersOf(userName) !== undefined;
  }

  /** What somebody may do, as of now. */
  rightsOf(who: Principal): Rights {
    if (this.#faults.has("rules")) return rightsOf([], who, this.#options.granting);
    return this.#rules === null ? ALL_RIGHTS : rightsOf(this.#rules, who, this.#options.granting);
  }

  /**
   * What a listener serves with; while the files can't be read, one without a certificate, by which nobody can serve. Throws
   * CONFIG_INVALID where there is to be none.
   */
  tlsServer(clientCertificate: TlsServer["clientCertificate"], protocols: readonly string[]): TlsServer {
    if (this.#faults.has("certificates") && this.#options.tls !== null) {
      const { minVersion } = this.#options.tls;
      return { ...NO_CERTIFICATE, minVersion, clientCertificate, protocols };
    }
    if (this.#tls === null)
      throw new HeadwaterError("CONFIG_INVALID", "TLS needs tls.certificate.file and tls.key.file");
    return { ...this.#tls, clientCertificate, protocols };
  }

  #withoutPassword(
    userName: string | null,
    password: Uint8Array | null,
    holder: (Admission & { readonly kind: "admitted" }) | null,
    address: string,
  ): Admission {
    if (holder !== null) {
      // A name beside a certificate has to be the certificate's.
      const fits =
        password === null && (userName === null || userName === "" || userName === holder.userName);
      return fits || !this.#hasUsers ? holder : { kind: "unknown", what: BAD_LOGIN };
    }
    if (this.#hasUsers && (userName !== null || password !== null)) {
      return { kind: "unknown", what: BAD_LOGIN };
    }
    const { anonymous } = this.#options;
    if (anonymous === "allow" || (anonymous === "loopback" && isLoopback(address))) {
      return { kind: "admitted", userName: null, proof: ANONYMOUS };
    }
    return {
      kind: "forbidden",
      what: "a user name and a password, or a client certificate, are needed here",
    };
  }

  /**
   * Who the holder of a certificate is that a listener has found good, in DER. Admitted, it has a name: by these rules
   * from the subject's whole name, or without any by `nameSources`.
   */
  holder(der: Uint8Array, rules: readonly MappingRule[] = []): Admission {
    const certificate = readCertificate(der);
    const userName = certificate === null ? null : this.#nameOf(certificate, rules);
    if (certificate === null || userName === null) {
      return { kind: "unknown", what: "the client certificate has no name that could be used" };
    }
    // The listener refuses these too, but may have been opened with an older list.
    if (this.#revoked.has(certificate.id))
      return { kind: "unknown", what: "the client certificate was revoked" };
    const { id, issuer, expiresAtMs } = certificate;
    const proof: Proof = { kind: "certificate", id, issuer, expiresAtMs, removals: this.#removals };
    return { kind: "admitted", userName, proof };
  }

  #nameOf(certificate: Certificate, rules: readonly MappingRule[]): string | null {
    if (rules.length === 0) return nameOf(certificate, this.#options.nameSources);
    const subject = formatDistinguishedName(Uint8Array.fromHex(certificate.subject));
    const name = subject === null ? null : mappedName(rules, subject);
    return name === null || nameFault(name) !== null ? null : name;
  }

  /** What is read by itself: a fault in one leaves the others alone. */
  #parts(): readonly (readonly [SecurityPart, () => void])[] {
    const { users, acl, tls } = this.#options;
    return [
      [
        "users",
        () =>
          this.#take([users], [MAX_USERS_FILE_BYTES], ([text]) => {
            const before = this.#users;
            this.#users = text === null || text === undefined ? new Map() : parseUsers(users.path, text);
            if (this.#texts.has(users.path)) this.#options.onUsers?.(before, this.#users);
          }),
      ],
      [
        "rules",
        () =>
          this.#take([acl], [MAX_ACL_FILE_BYTES], ([text]) => {
            const file = text === null || text === undefined ? null : readAcl(acl.path, text);
            this.#rules = file?.rules ?? null;
            this.#groups = file?.groups ?? NO_GROUPS;
          }),
      ],
      [
        "certificates",
        () => {
          if (tls !== null) this.#takeTls(tls);
        },
      ],
    ];
  }

  #takeTls(tls: TlsFiles): void {
    const { certificate, key, authorities, revocations, minVersion } = tls;
    const paths = [certificate, key, authorities, revocations];
    const files = paths.map((path) => (path === null ? null : { path, mayBeMissing: false }));
    this.#take(
      files,
      paths.map(() => MAX_PEM_BYTES),
      ([chain, secret, trusted = null, lists = null]) => {
        const known = lists === null ? [] : readRevocations(lists);
        if (known === null) {
          throw new HeadwaterError(
            "CONFIG_INVALID",
            `${revocations}: it holds no certificate revocation list in PEM, or one is cut off or damaged`,
            { path: revocations ?? "" },
          );
        }
        const pair = { certificate: chain ?? "", key: secret ?? "" };
        const next = { ...pair, authorities: trusted, revocations: lists, minVersion };
        // At a start each listener finds out for itself: what one of them can't use need not close the others.
        const { checkTls } = this.#options;
        if (this.#tls !== null && checkTls !== undefined) tryTls(tls, next, checkTls);
        this.#tls = next;
        this.#certificateExpiresAtMs = chainExpiresAtMs(chain ?? "");
        this.#lists = known;
        this.#revoked = new Set(known.flatMap(({ ids }) => ids));
        this.#useAuthorities(readAuthorities(trusted ?? ""));
      },
    );
  }

  /** Reads files and uses them together, where one of them has changed. */
  #take(
    files: readonly (SecurityFile | null)[],
    maxBytes: readonly number[],
    use: (texts: readonly (string | null)[]) => void,
  ): void {
    const texts = files.map((file, index) => (file === null ? null : this.#read(file, maxBytes[index] ?? 0)));
    const changed = files.some((file, index) => file !== null && this.#texts.get(file.path) !== texts[index]);
    if (!changed) return;
    use(texts);
    for (const [index, file] of files.entries())
      if (file !== null) this.#texts.set(file.path, texts[index] ?? null);
    this.#version++;
  }

  #read({ path, mayBeMissing }: SecurityFile, maxBytes: number): string | null {
    const bytes = this.#options.readFile(path, maxBytes);
    if (bytes === null) {
      // What was there and is gone is more likely a slip than a wish.
      if (mayBeMissing && (this.#texts.get(path) ?? null) === null) return null;
      throw new HeadwaterError("CONFIG_INVALID", `${path}: ${NO_SUCH_FILE}`, { path });
    }
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (cause) {
      throw new HeadwaterError("CONFIG_INVALID", `${path}: it is not UTF-8 text`, { path, cause });
    }
  }
}

const NO_SUCH_FILE = "there is no such file";
const NO_CERTIFICATE = { certificate: "", key: "", authorities: null, revocations: null } as const;

const REFUSALS: Readonly<Record<"wrong" | "busy" | "too-many", string>> = {
  wrong: BAD_LOGIN,
  busy: "too many logins wait to be checked",
  "too-many": "too many wrong passwords came from this address",
};
