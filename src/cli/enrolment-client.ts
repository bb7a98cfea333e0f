import { HeadwaterError } from "../base/errors.ts";
import type { Invitation } from "../enrolment/invitation.ts";
import { fingerprintOf } from "../enrolment/token.ts";

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 3 * 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Asks a centre to let a gateway in; gives the signed bundle. The authority that its certificate has to be of is asked for
 * first, from whoever answers there, and is believed only where it is the one that the token names. Throws NETWORK,
 * TIMED_OUT, TLS_HANDSHAKE, which may pass, and AUTHENTICATION or UNSUPPORTED with the centre's own words.
 */
export async function askCentre(
  invitation: Invitation & { readonly kind: "token" },
  request: string,
): Promise<string> {
  const base = invitation.centre.replace(/\/+$/, "");
  const authority = await authorityOf(base, invitation.token.fingerprint);
  const { id, secret } = invitation.token;
  const { status, text } = await ask(
    `${base}/enrolment`,
    {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: id, secret, request, gateway: invitation.gateway }),
    },
    { ca: authority },
  );
  if (status === 200) return text;
  throw refusal(base, status, text);
}

/** Nothing that is said here is believed: it is compared. */
async function authorityOf(base: string, fingerprint: string): Promise<string> {
  const { status, text } = await ask(`${base}/authority`, {}, { rejectUnauthorized: false });
  const certificates = text.match(CERTIFICATE) ?? [];
  if (status !== 200 || certificates.length === 0) {
    const why = `it answers ${status}, and not as a centre does`;
    throw new HeadwaterError("NETWORK", `${base}: ${why}; is it the address of headwater enrolment serve?`);
  }
  const found = certificates.find((certificate) => fingerprintOf(certificate) === fingerprint);
  if (found !== undefined) return `${found}\n`;
  const remedy = "is it another centre's address, or is somebody in between?";
  throw new HeadwaterError(
    "AUTHENTICATION",
    `${base}: its authority is not the one that the token is for; ${remedy}`,
  );
}

interface Reply {
  readonly status: number;
  readonly text: string;
}

async function ask(url: string, request: RequestInit, tls: object): Promise<Reply> {
  try {
    const response = await fetch(url, {
      ...request,
      tls,
      // A connection that was not verified must never be used again for one that is.
      keepalive: false,
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of response.body ?? []) {
      length += part.length;
      if (length > MAX_ANSWER_BYTES) throw new Error(`it answers with more than ${MAX_ANSWER_BYTES} bytes`);
      parts.push(part);
    }
    return { status: response.status, text: Buffer.concat(parts).toString() };
  } catch (cause) {
    throw failure(url, cause);
  }
}

/** In words where they help: what a clock that is wrong does to certificates looks like an attack. */
function failure(url: string, cause: unknown): HeadwaterError {
  const name = cause instanceof Error ? cause.name : "";
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const message = cause instanceof Error ? cause.message : String(cause);
  if (name === "TimeoutError") {
    return new HeadwaterError("TIMED_OUT", `${url}: no answer within ${TIMEOUT_MS / 1000} s`, { cause });
  }
  const clock = `the clock here shows ${new Date().toISOString()}: is that right?`;
  if (/NOT_YET_VALID|HAS_EXPIRED/.test(code)) {
    return new HeadwaterError(
      "TLS_HANDSHAKE",
      `${url}: its certificate is not good at this time (${code}); ${clock}`,
      { cause },
    );
  }
  if (/CERT|TLS|SSL|ALTNAME|ISSUER|SIGNATURE/.test(code)) {
    const remedy =
      "its certificate has to be for this name, by the authority of the token: headwater certificate renew --name";
    return new HeadwaterError("TLS_HANDSHAKE", `${url}: ${code}: ${message}; ${remedy}`, { cause });
  }
  return new HeadwaterError(
    "NETWORK",
    `${url}: ${code === "" ? message : code}; is the centre reached from here?`,
    { cause },
  );
}

function refusal(base: string, status: number, text: string): HeadwaterError {
  let message = `it answers ${status}`;
  try {
    const { error } = JSON.parse(text) as { readonly error?: { readonly message?: string } };
    if (typeof error?.message === "string") message = error.message.slice(0, 1_000);
  } catch {
    // The status alone says it then.
  }
  // Others than the centre's own refusals pass, as a proxy's do while the centre is being started.
  const isFinal = status >= 400 && status < 500 && status !== 408 && status !== 429;
  return new HeadwaterError(isFinal ? "UNSUPPORTED" : "NETWORK", `${base}: ${message}`);
}
