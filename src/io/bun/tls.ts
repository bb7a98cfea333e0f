import type { Socket, TLSOptions } from "bun";
import { HeadwaterError } from "../../base/errors.ts";
import type { TlsServer } from "../network.ts";

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
    const reason = cause instanceof Error ? cause.message : String(cause);
    const known = FAULTS.find(([mark]) => reason.includes(mark));
    const message = known === undefined ? `certificate or key can't be used: ${reason}` : known[1];
    throw new HeadwaterError("CONFIG_INVALID", `TLS: ${message}`, { cause });
  }
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
export class TlsState {
  readonly #clientCertificate: TlsServer["clientCertificate"];
  /** Whether the handshake is over and good. */
  ready = false;
  /** The peer's certificate in DER, found good; null for none. */
  certificate: Uint8Array | null = null;

  constructor(clientCertificate: TlsServer["clientCertificate"]) {
    this.#clientCertificate = clientCertificate;
  }

  /**
   * Judges what Bun tells of a handshake: why the connection has to end, or null. Bun says `done` also of one whose
   * peer showed a certificate that does not hold, and has an error for one who showed none.
   */
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

/** What is wrong with a handshake, in words where they help. */
function faultOf(error: Error | null): string {
  if (error === null) return "the handshake failed";
  const known = HANDSHAKE_FAULTS.find(([mark]) => error.message.includes(mark));
  return known === undefined ? error.message : known[1];
}

const HANDSHAKE_FAULTS: readonly (readonly [string, string])[] = [
  ["WRONG_VERSION_NUMBER", "it does not speak TLS"],
  ["HTTP_REQUEST", "it speaks HTTP without TLS"],
  ["UNSUPPORTED_PROTOCOL", "it speaks no version of TLS that is new enough"],
  ["NO_APPLICATION_PROTOCOL", "it asks for another protocol (ALPN)"],
  ["PEER_DID_NOT_RETURN_A_CERTIFICATE", "it shows no certificate"],
  ["disconnected before secure TLS", "it left during the handshake"],
  ["UNKNOWN_CA", "it does not trust our certificate (unknown authority)"],
  ["CERTIFICATE_UNKNOWN", "it does not trust our certificate"],
];
