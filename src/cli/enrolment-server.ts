import { HeadwaterError, hasCode } from "../base/errors.ts";
import { formatAddress } from "../config/address.ts";
import { type CentreSeams, Refusal, redeem } from "../enrolment/centre.ts";
import { TokenLedger } from "../enrolment/ledger.ts";
import type { KeyPair, Validity } from "../enrolment/x509.ts";

const MAX_REQUEST_BYTES = 64 * 1024;
const IDLE_SECONDS = 30;
/** Requests that are worked on at once: a signature is a millisecond, and nobody needs more. */
const MAX_AT_ONCE = 32;

const STATUS: Readonly<Record<Refusal["kind"], number>> = {
  unknown: 403,
  used: 409,
  expired: 410,
  cancelled: 410,
  request: 422,
};

export interface EnrolmentServer {
  /** host:port. */
  readonly address: string;
  stop(): Promise<void>;
}

/** What is told of each request: who asked, for which gateway, and what came of it. */
export type Audit = (entry: Readonly<Record<string, string>>) => void;

/** Lets gateways in over HTTPS: `GET /authority`, `POST /enrolment`. Throws PORT_TAKEN, CONFIG_INVALID. */
export function serveEnrolment(
  listen: { readonly host: string; readonly port: number },
  tls: KeyPair,
  seams: CentreSeams,
  validity: () => Validity,
  audit: Audit,
): EnrolmentServer {
  let atOnce = 0;
  const answer = async (request: Request, from: string): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (pathname === "/authority" && request.method === "GET") return authority(seams);
    if (pathname !== "/enrolment") return problem(404, "there is nothing here");
    if (request.method !== "POST") return problem(405, "POST is the way to ask");
    if (atOnce >= MAX_AT_ONCE) return problem(429, "too many ask at once; try again");
    atOnce += 1;
    try {
      return await enrolment(request, from, seams, validity, audit);
    } finally {
      atOnce -= 1;
    }
  };
  try {
    const server = Bun.serve({
      hostname: listen.host,
      port: listen.port,
      tls: { cert: tls.certificate, key: tls.key },
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      fetch: (request, server) => answer(request, server.requestIP(request)?.address ?? "unknown"),
      error: () => problem(500, "the centre has failed; its log says why"),
    });
    const address = formatAddress({ host: listen.host, port: server.port ?? listen.port });
    return { address, stop: () => server.stop() };
  } catch (cause) {
    const isTaken = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = `${formatAddress(listen)} can't be listened on: ${why}`;
    throw new HeadwaterError(isTaken ? "PORT_TAKEN" : "CONFIG_INVALID", message, { cause });
  }
}

function authority({ files, paths }: CentreSeams): Response {
  const bytes = files.read(paths.authority, MAX_REQUEST_BYTES);
  if (bytes === null) return problem(500, "the centre has no authority");
  return new Response(new TextDecoder().decode(bytes), {
    headers: { "content-type": "application/x-pem-file" },
  });
}

async function enrolment(
  request: Request,
  from: string,
  seams: CentreSeams,
  validity: () => Validity,
  audit: Audit,
): Promise<Response> {
  const asked: unknown = await request.json().catch(() => null);
  const {
    token,
    secret,
    request: csr,
    gateway: believed = null,
  } = (typeof asked === "object" && asked !== null ? asked : {}) as Readonly<Record<string, unknown>>;
  if (typeof token !== "string" || typeof secret !== "string" || typeof csr !== "string") {
    return problem(422, "token, secret and request are to be texts");
  }
  if (believed !== null && typeof believed !== "string") {
    return problem(422, "gateway is to be a text, or left out");
  }
  try {
    const bundle = await redeem(
      seams,
      { id: token, secret, request: csr, gateway: believed },
      validity(),
      Date.now(),
    );
    const gateway = new TokenLedger(seams.files, seams.paths.tokens).read(token)?.gateway ?? "";
    audit({ event: "enrolled", gateway, token: shown(token), from });
    return new Response(bundle, { headers: { "content-type": "application/json" } });
  } catch (error) {
    if (error instanceof Refusal) {
      audit({ event: "refused", token: shown(token), from, reason: error.message });
      return problem(STATUS[error.kind], error.message);
    }
    const reason = error instanceof Error ? error.message : String(error);
    audit({ event: "failed", token: shown(token), from, reason });
    // Whoever asks tries again: meanwhile the template can be corrected.
    if (hasCode(error, "CONFIG_INVALID"))
      return problem(503, "the centre's configuration for this gateway is wrong; its log says why");
    return problem(500, "the centre has failed; its log says why");
  }
}

function problem(status: number, message: string): Response {
  return Response.json({ error: { message } }, { status });
}

/** The id is no secret; but what was sent in its place may be anything. */
function shown(token: string): string {
  return token.slice(0, 12).replaceAll(/[^A-Za-z0-9_-]/g, "?");
}
