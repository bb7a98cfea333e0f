import { HeadwaterError } from "../../base/errors.ts";
import type { ClientSecuritySettings } from "../../config/client-security-options.ts";
import type { TlsClient } from "../../io/network.ts";
import { pemFault } from "./pem.ts";

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
  /** Where the parts of TLS come from, for messages; "" for a file that no setting names. */
  readonly files: TlsFiles;
}

export type TlsFiles = Readonly<Record<TlsFileSetting, string>>;
export type TlsFileSetting = "ssl.ca" | "ssl.certificate" | "ssl.key";

export const NO_TLS_FILES: TlsFiles = { "ssl.ca": "", "ssl.certificate": "", "ssl.key": "" };

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
  const { "ssl.ca": ca, "ssl.certificate": certificate, "ssl.key": key } = settings;
  const files = encrypts ? { "ssl.ca": ca, "ssl.certificate": certificate, "ssl.key": key } : NO_TLS_FILES;
  const text = (name: TlsFileSetting): string | null =>
    settings[name] === "" ? null : readPem(name, settings[name], readFile);
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
    files,
  });
}

function readPem(setting: TlsFileSetting, path: string, readFile: ReadFile): string {
  const text = readText(setting, path, MAX_FILE_BYTES, readFile);
  const fault = pemFault(text, setting === "ssl.key" ? "key" : "certificates");
  if (fault === null) return text;
  // Whoever puts a file there may be in the middle of it.
  const code = text.trim() === "" ? "FILE_MISSING" : "CONFIG_INVALID";
  throw new HeadwaterError(code, `${setting} = ${path}: ${fault}; ${REMEDIES[setting]}`, { path });
}

const REMEDIES: Readonly<Record<TlsFileSetting, string>> = {
  "ssl.ca": "put the certificates of the authorities there, in PEM",
  "ssl.certificate": "put the certificate there, in PEM",
  "ssl.key": "put the certificate's key there, in PEM and not encrypted",
};

/**
 * A failure to connect with the settings that it comes from and what would help; other failures as they are. What is wrong
 * with a file alone was told when it was read.
 */
export function explained(error: unknown, { files }: ConnectionSecurity): unknown {
  if (!(error instanceof HeadwaterError)) return error;
  const { "ssl.ca": ca, "ssl.certificate": certificate, "ssl.key": key } = files;
  if (error.code === "CONFIG_INVALID") {
    const named = Object.entries(files).flatMap(([name, path]) => (path === "" ? [] : [`${name} = ${path}`]));
    const isPair = error.message.includes("not that of the certificate");
    const message = isPair
      ? `ssl.key = ${key}: it is not the key of ssl.certificate = ${certificate}; put those two there that belong together`
      : `${named.join(", ")}: ${error.message}; put files there that can be used`;
    return new HeadwaterError(error.code, message, { cause: error });
  }
  if (error.code !== "TLS_HANDSHAKE") return error;
  const found = HANDSHAKES.find(([mark]) => error.message.includes(mark));
  if (found === undefined) return error;
  const from = ca === "" ? "ssl.ca, which names no file," : `ssl.ca = ${ca}`;
  const ours = certificate === "" ? "ssl.certificate" : `ssl.certificate = ${certificate}`;
  const remedy = found[1].replace("CA", from).replace("CERTIFICATE", ours);
  return new HeadwaterError(error.code, `${error.message}; ${remedy}`, { cause: error });
}

/** By words of the handshake's failure. */
const HANDSHAKES: readonly (readonly [string, string])[] = [
  ["not trusted", "CA has to hold the authority that the broker's certificate comes from"],
  ["its certificate is not for", "correct bootstrap, or write the name that it is for as ssl.server.name"],
  ["has expired", "renew it at the broker, or set the clock"],
  ["is not valid yet", "set the clock, or renew it at the broker"],
  ["does not trust our certificate", "have the broker trust the authority of CERTIFICATE"],
  ["it does not speak TLS", "check port and security.protocol"],
];

/** Without the line's end, which editors put there. */
function passwordOf(settings: ClientSecuritySettings, readFile: ReadFile): string {
  const path = settings["sasl.password.file"];
  if (path === "") return settings["sasl.password"].reveal();
  const text = readText("sasl.password.file", path, MAX_PASSWORD_BYTES, readFile).replace(/\r?\n$/, "");
  if (text === "")
    throw new HeadwaterError(
      "FILE_MISSING",
      `waiting for ${path} (sasl.password.file): it is empty; write the password into it`,
      { path },
    );
  return text;
}

function readText(setting: string, path: string, maxBytes: number, readFile: ReadFile): string {
  let bytes: Uint8Array | null;
  try {
    bytes = readFile(path, maxBytes);
  } catch (cause) {
    if (!(cause instanceof HeadwaterError)) throw cause;
    const remedy = "let the gateway's user read it, or name another file";
    throw new HeadwaterError("CONFIG_INVALID", `${setting} = ${path}: ${cause.message}; ${remedy}`, {
      path,
      cause,
    });
  }
  if (bytes === null) {
    const remedy = `put it there, or correct ${setting}`;
    throw new HeadwaterError("FILE_MISSING", `waiting for ${path} (${setting}): it is not there; ${remedy}`, {
      path,
    });
  }
  return new TextDecoder().decode(bytes);
}
