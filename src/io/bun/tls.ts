import { isIP } from "node:net";
import type { Socket, TLSOptions } from "bun";
import { HeadwaterError } from "../../base/errors.ts";
import type { TlsClient, TlsServer } from "../network.ts";

/** SSL_OP_NO_TLSv1_2, by which 1.3 is the lowest; below 1.2 Bun speaks nothing anyway. */
const NO_TLS_1_2 = 0x0800_0000;

export function tlsOptions(tls: TlsServer): TLSOptions {
  const asks = tls.clientCertificate !== "none" && tls.authorities !== null;
  return {
    cert: tls.certificate,
    key: tls.key,
    requestCert: asks,
    // With this alone one who shows no certificate gets in where it is false, and one who shows a bad one too: what
    // decides is `judge`.
    rejectUnauthorized: tls.clientCertificate === "required",
    ...(asks && tls.authorities !== null ? { ca: tls.authorities } : {}),
    ...(asks && tls.revocations !== null ? { crl: lists(tls.revocations) } : {}),
    ...(tls.minVersion === "1.3" ? { secureOptions: NO_TLS_1_2 } : {}),
    ...(tls.protocols.length > 0 ? { ALPNProtocols: protocolList(tls.protocols) } : {}),
  };
}

/** Throws CONFIG_INVALID where Bun can't serve with these: a listener that nobody reaches is opened for it. */
export function checkTls(tls: TlsServer): void {
  try {
    Bun.listen({ hostname: "127.0.0.1", port: 0, tls: tlsOptions(tls), socket: { data() {} } }).stop(true);
  } catch (cause) {
    throw unusable(cause);
  }
}

/** What Bun connects to `address` by. The name is checked by Bun where it can be, and by `TlsClientState` anyway. */
export function tlsClientOptions(tls: TlsClient, address: string): TLSOptions {
  const isName = isIP(tls.serverName) === 0;
  return {
    ...(tls.authorities === null ? {} : { ca: tls.authorities }),
    ...(tls.certificate === null ? {} : { cert: tls.certificate }),
    ...(tls.key === null ? {} : { key: tls.key }),
    // Addresses are not names that a server is asked for by (RFC 6066, section 3).
    ...(isName ? { serverName: tls.serverName } : {}),
    rejectUnauthorized: tls.checkName && (isName || tls.serverName === address),
  };
}

/** CONFIG_INVALID with what is wrong with a certificate, key or authority that Bun refused. */
export function unusable(cause: unknown): HeadwaterError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const known = FAULTS.find(([mark]) => reason.includes(mark));
  const message = known === undefined ? `certificate or key can't be used: ${reason}` : known[1];
  return new HeadwaterError("CONFIG_INVALID", `TLS: ${message}`, { cause });
}

const FAULTS: readonly (readonly [string, string])[] = [
  ["KEY_VALUES_MISMATCH", "the key is not that of the certificate"],
  ["Invalid CA", "what should be certificates of authorities is none"],
  ["Failed to parse CRL", "what should be lists of revoked certificates is none"],
  ["NO_START_LINE", "certificate and key have to be PEM: -----BEGIN ..."],
  ["BAD_END_LINE", "the PEM of certificate or key is cut off"],
];

/** One text a list: of a text with several Bun reads the first alone. What is none is left for Bun to refuse. */
function lists(pem: string): string[] {
  return [...(pem.match(/-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----\n?/g) ?? [pem])];
}

/** ALPN's form: every name behind its length. */
function protocolList(names: readonly string[]): Uint8Array {
  return Buffer.concat(names.map((name) => Buffer.from([name.length, ...Buffer.from(name)])));
}

/** The handshake of one connection: nothing of it is heard or said before it is good. */
export interface Handshake {
  /** Whether it is over and good. */
  readonly ready: boolean;
  /** The peer's certificate in DER, found good; null for none. */
  readonly certificate: Uint8Array | null;
  /** Judges what Bun tells of it: why the connection has to end, or null. */
  judge(socket: Socket<unknown>, done: boolean, error: Error | null): string | null;
}

/** With a client. */
export class TlsState implements Handshake {
  readonly #clientCertificate: TlsServer["clientCertificate"];
  ready = false;
  certificate: Uint8Array | null = null;

  constructor(clientCertificate: TlsServer["clientCertificate"]) {
    this.#clientCertificate = clientCertificate;
  }

  /** Bun says `done` also where the peer showed a certificate that does not hold, and has an error where it showed none. */
  judge(socket: Socket<unknown>, done: boolean, error: Error | null): string | null {
    if (!done) return faultOf(error);
    const shown = this.#clientCertificate === "none" ? undefined : socket.getPeerX509Certificate();
    if (shown === undefined) {
      if (this.#clientCertificate === "required") return "it shows no certificate";
    } else {
      if (error !== null || !socket.authorized) return `its certificate does not hold: ${faultOf(error)}`;
      this.certificate = new Uint8Array(shown.raw);
    }
    this.ready = true;
    return null;
  }
}

/** With a server. */
export class TlsClientState implements Handshake {
  readonly #tls: TlsClient;
  ready = false;
  certificate: Uint8Array | null = null;

  constructor(tls: TlsClient) {
    this.#tls = tls;
  }

  /** Bun says that it is not `done` also where only the name is wrong, and has that error last. */
  judge(socket: Socket<unknown>, done: boolean, error: Error | null): string | null {
    const { serverName, checkName } = this.#tls;
    const onlyTheName = codeOf(error) === "ERR_TLS_CERT_ALTNAME_INVALID";
    const shown = done || onlyTheName ? socket.getPeerX509Certificate() : undefined;
    if (error !== null && !onlyTheName) return faultOf(error);
    if (shown === undefined || (error === null && !socket.authorized)) return faultOf(null);
    const fits = isIP(serverName) === 0 ? shown.checkHost(serverName) : shown.checkIP(serverName);
    if (checkName && fits === undefined) {
      return `its certificate is not for ${serverName} but for ${shown.subjectAltName ?? shown.subject}`;
    }
    this.certificate = new Uint8Array(shown.raw);
    this.ready = true;
    return null;
  }
}

function codeOf(error: Error | null): string {
  return error !== null && "code" in error ? String(error.code) : "";
}

/** What is wrong with a handshake, in words where they help. */
function faultOf(error: Error | null): string {
  if (error === null) return "the handshake failed";
  const text = `${codeOf(error)} ${error.message}`;
  const known = HANDSHAKE_FAULTS.find(([mark]) => text.includes(mark));
  return known === undefined ? error.message : known[1];
}

const HANDSHAKE_FAULTS: readonly (readonly [string, string])[] = [
  ["WRONG_VERSION_NUMBER", "it does not speak TLS"],
  ["UNEXPECTED_MESSAGE", "it does not speak TLS"],
  ["CERT_HAS_EXPIRED", "its certificate has expired, or the clock is wrong here"],
  ["CERT_NOT_YET_VALID", "its certificate is not valid yet, or the clock is wrong here"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "its certificate is of an authority that is not trusted here"],
  ["UNABLE_TO_GET_ISSUER_CERT", "its certificate is of an authority that is not trusted here"],
  ["SELF_SIGNED_CERT_IN_CHAIN", "its certificate is of an authority that is not trusted here"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "its certificate is signed by itself, and not trusted here"],
  ["HTTP_REQUEST", "it speaks HTTP without TLS"],
  ["UNSUPPORTED_PROTOCOL", "it speaks no version of TLS that is new enough"],
  ["NO_APPLICATION_PROTOCOL", "it asks for another protocol (ALPN)"],
  ["PEER_DID_NOT_RETURN_A_CERTIFICATE", "it shows no certificate"],
  ["disconnected before secure TLS", "it left during the handshake"],
  ["UNKNOWN_CA", "it does not trust our certificate (unknown authority)"],
  ["CERTIFICATE_UNKNOWN", "it does not trust our certificate"],
];
