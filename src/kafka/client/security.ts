import { HeadwaterError } from "../../base/errors.ts";
import type { ClientSecuritySettings } from "../../config/client-security-options.ts";
import type { TlsClient } from "../../io/network.ts";

export type SaslMechanism = "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";

export interface SaslCredentials {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: string;
}

/** How one connection is secured, files read. */
export interface ConnectionSecurity {
  /** Null for a plain connection; without `serverName` it is the host's. */
  readonly tls: (Omit<TlsClient, "serverName"> & { readonly serverName: string | null }) | null;
  /** Null where nobody logs in. */
  readonly sasl: SaslCredentials | null;
}

/**
 * Asked before every connection and every login, so that files may come, and change, while the client runs. Throws
 * FILE_MISSING where one is not there (yet), or CONFIG_INVALID where one can't be used.
 */
export type SecuritySource = () => ConnectionSecurity;

/** A file's bytes, or null where there is none. Throws HeadwaterError. */
export type ReadFile = (path: string, maxBytes: number) => Uint8Array | null;

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_PASSWORD_BYTES = 4096;

/** What settings say about security; null where that is nothing: plain connections, nobody logs in. */
export function securitySource(settings: ClientSecuritySettings, readFile: ReadFile): SecuritySource | null {
  const protocol = settings["security.protocol"];
  if (protocol === "PLAINTEXT") return null;
  const encrypts = protocol === "SSL" || protocol === "SASL_SSL";
  const logsIn = protocol === "SASL_PLAINTEXT" || protocol === "SASL_SSL";
  const text = (name: "ssl.ca" | "ssl.certificate" | "ssl.key"): string | null =>
    settings[name] === "" ? null : readText(name, settings[name], MAX_FILE_BYTES, readFile);
  return () => ({
    tls: !encrypts
      ? null
      : {
          serverName: settings["ssl.server.name"] === "" ? null : settings["ssl.server.name"],
          checkName: settings["ssl.endpoint.identification.algorithm"] === "https",
          authorities: text("ssl.ca"),
          certificate: text("ssl.certificate"),
          key: text("ssl.key"),
        },
    sasl: !logsIn
      ? null
      : {
          mechanism: settings["sasl.mechanism"],
          username: settings["sasl.username"],
          password: passwordOf(settings, readFile),
        },
  });
}

/** Without the line's end, which editors put there. */
function passwordOf(settings: ClientSecuritySettings, readFile: ReadFile): string {
  const path = settings["sasl.password.file"];
  if (path === "") return settings["sasl.password"].reveal();
  const text = readText("sasl.password.file", path, MAX_PASSWORD_BYTES, readFile).replace(/\r?\n$/, "");
  if (text === "")
    throw new HeadwaterError("FILE_MISSING", `waiting for ${path} (sasl.password.file): it is empty`);
  return text;
}

function readText(setting: string, path: string, maxBytes: number, readFile: ReadFile): string {
  const bytes = readFile(path, maxBytes);
  if (bytes === null) {
    throw new HeadwaterError("FILE_MISSING", `waiting for ${path} (${setting}): it is not there`, { path });
  }
  return new TextDecoder().decode(bytes);
}
