import { HeadwaterError } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import type { Settings } from "../config/options.ts";
import { aclFile, usersFile } from "../config/security-files.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { SystemPasswords } from "../io/bun/passwords.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import { checkTls } from "../io/bun/tls.ts";
import { overdueLists } from "../security/revocation-watch.ts";
import { Security, type SecurityOptions } from "../security/security.ts";
import { settingOf, startFault } from "../security/start-faults.ts";
import { tryTls } from "../security/tls-trial.ts";

/** What a start with these settings would find wrong with the files of users, rules and certificates, where they lie now. */
export function securityFileFaults(settings: Settings): readonly string[] {
  const disk = new PlainDisk();
  const certificate = settings["tls.certificate.file"];
  const key = settings["tls.key.file"];
  const tls = {
    ...{ certificate, key, minVersion: settings["tls.min.version"] },
    authorities: settings["tls.ca.file"] || null,
    revocations: settings["tls.crl.file"] || null,
  };
  const options: SecurityOptions = {
    readFile: (path, maxBytes) => disk.readFile(path, maxBytes),
    passwords: new SystemPasswords(),
    clock: new SystemClock(),
    logger: silentLogger,
    users: { path: usersFile(settings), mayBeMissing: settings["security.users.file"] === "" },
    acl: { path: aclFile(settings), mayBeMissing: settings["security.acl.file"] === "" },
    tls: certificate === "" || key === "" ? null : tls,
    nameSources: settings["tls.principal"],
    anonymous: settings["security.anonymous"],
    granting: settings["security.acl.subscriptions"],
  };
  const security = new Security(options);
  const path = settings["tls.crl.file"];
  const overdue = overdueLists(path, security.revocationLists, options.clock.nowMs());
  const faults = [...security.startFaults.map(({ reason }) => reason), ...overdue];
  if (security.certificates === null) return faults;
  try {
    tryTls(tls, security.tlsServer("none", []), checkTls);
    return faults;
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return [
      ...faults,
      startFault("certificates", settingOf("certificates", options, error.path), error.message).reason,
    ];
  }
}
