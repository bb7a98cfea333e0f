import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { TlsServer } from "../io/network.ts";
import type { Registry } from "../metrics/registry.ts";
import { isForUs } from "./caller.ts";
import { answerConsole, isConsole } from "./console-page.ts";
import type { ControlSource } from "./controls.ts";
import type { DevicesSource } from "./devices.ts";
import type { Feed } from "./live/feed.ts";
import { LIVE_SOCKETS, type LiveSocketData, socketData } from "./live/websocket.ts";
import { answer } from "./pages.ts";
import { problem } from "./problem.ts";
import type { DeviceRecords } from "./records.ts";
import { type DoorParts, doorRoutes } from "./rest/door-routes.ts";
import type { Gateway } from "./rest/gateway.ts";
import { GATEWAY_ROUTES } from "./rest/gateway-routes.ts";
import { UPGRADED } from "./rest/route.ts";
import { Router } from "./rest/router.ts";
import type { Access } from "./session/access.ts";
import type { StatusSource } from "./status.ts";
import type { HttpTally } from "./tally.ts";

export interface HttpDoorOptions {
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
  /** Serves HTTPS with what this gives; plain HTTP where left out. */
  readonly tls?: () => TlsServer;
  readonly source: StatusSource;
  /** Says who asks, and what he may. */
  readonly access: Access;
  /** What this gateway is called by, besides its addresses and `host`; see the setting `http.hosts`. */
  readonly names?: readonly string[];
  /** Asked for each request, since what it controls starts later than the door; null while there is nothing. */
  readonly controls?: () => ControlSource | null;
  /** The same for records of devices. */
  readonly records?: () => DeviceRecords | null;
  /** The same for the registry of devices. */
  readonly devices?: () => DevicesSource | null;
  /** The same for all that comes with the open logs. */
  readonly gateway?: () => Gateway | null;
  /** Counts answers; nobody does where left out. */
  readonly tally?: HttpTally;
  readonly metrics: Registry;
  readonly logger: Logger;
}

/** What no operation takes is refused before it is read. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Seconds that a connection may be silent, so that clients which never finish a request do not pile up. */
const IDLE_TIMEOUT_SEC = 10;

/** The status of a connection that goes on as a WebSocket. */
const SWITCHED = 101;
const FAILED = 500;

/** SSL_OP_NO_TLSv1_2, by which 1.3 is the lowest; below 1.2 Bun speaks nothing anyway. */
const NO_TLS_1_2 = 0x0800_0000;

type Server = ReturnType<typeof Bun.serve<LiveSocketData>>;

/** The door for people, probes, Prometheus and programs. */
export class HttpDoor {
  readonly host: string;
  readonly port: number;
  readonly #options: HttpDoorOptions;
  #server: Server;
  /** Those that another certificate has taken the place of, while they answer. */
  readonly #leaving = new Set<Server>();

  /** Listens from now on. Throws PORT_TAKEN, NETWORK, or CONFIG_INVALID for what is wrong with a certificate. */
  constructor(options: HttpDoorOptions) {
    this.#options = options;
    this.#server = serve(options, options.port);
    this.host = options.host;
    this.port = this.#server.port ?? options.port;
  }

  /** Requests that are being answered. */
  get pendingRequests(): number {
    let count = this.#server.pendingRequests;
    for (const server of this.#leaving) count += server.pendingRequests;
    return count;
  }

  /** Topics that are followed by WebSocket. */
  get liveSockets(): number {
    let count = this.#server.pendingWebSockets;
    for (const server of this.#leaving) count += server.pendingWebSockets;
    return count;
  }

  /**
   * Goes on with the certificate and key that there are now; what is under way ends with the ones before. Where Bun can't
   * use them nothing changes, the log says so, and false is returned.
   */
  renew(): boolean {
    const { logger } = this.#options;
    try {
      // Elsewhere first: nobody could connect while it is found out.
      void serve({ ...this.#options, host: "127.0.0.1" }, 0).stop(true);
    } catch (error) {
      logger.error("HTTPS goes on with the certificate that it had", { error });
      return false;
    }
    const before = this.#server;
    this.#leaving.add(before);
    void before.stop().then(() => this.#leaving.delete(before));
    this.#server = serve(this.#options, this.port);
    return true;
  }

  /** Takes no more requests and resolves when those under way are answered; `now` cuts them. */
  async stop(now = false): Promise<void> {
    await Promise.all([...this.#leaving, this.#server].map((server) => server.stop(now)));
  }
}

function serve(options: HttpDoorOptions, port: number): Server {
  const { host, source, access, metrics, logger, tls } = options;
  const router = new Router(doorRoutes(GATEWAY_ROUTES));
  const paths = router.routes.map(({ method, path }) => (method === "GET" ? path : `${method} ${path}`));
  const parts: DoorParts = {
    access,
    source,
    controls: () => options.controls?.() ?? null,
    records: () => options.records?.() ?? null,
    devices: () => options.devices?.() ?? null,
    gateway: () => options.gateway?.() ?? null,
  };
  const isTls = tls !== undefined;
  const respond = (request: Request, server: Server): Response | Promise<Response> => {
    const url = URL.parse(request.url);
    if (url === null) return answer(request, source, metrics, paths);
    if (isConsole(url.pathname)) return answerConsole(request, url.pathname);
    const arrival = {
      address: server.requestIP(request)?.address ?? "",
      isTls,
      ...(server.port === undefined ? {} : { port: server.port }),
      upgrade: (feed: Feed) => server.upgrade(request, { data: socketData(feed) }),
    };
    const refused = refusedHost(request, url.pathname, options);
    if (refused !== null) return refused;
    return router.answer(request, url, arrival, access, parts) ?? answer(request, source, metrics, paths);
  };
  try {
    return Bun.serve<LiveSocketData>({
      hostname: host,
      port,
      development: false,
      // Outside of development Bun shares the port by default: two gateways would then answer in turns.
      reusePort: false,
      maxRequestBodySize: MAX_BODY_BYTES,
      idleTimeout: IDLE_TIMEOUT_SEC,
      ...(tls === undefined ? {} : { tls: tlsOptions(tls()) }),
      fetch: (request, server) => counted(respond(request, server), options.tally),
      websocket: LIVE_SOCKETS,
      error(error) {
        logger.error("a page could not be made", { error });
        options.tally?.answered(FAILED);
        return new Response("internal error\n", { status: FAILED });
      },
    });
  } catch (cause) {
    throw failure(cause, `${isTls ? "http.tls.listen" : "http.listen"} = ${host}:${port}`);
  }
}

/** Bun wants no answer where a connection goes on as a WebSocket. */
async function counted(
  answered: Response | Promise<Response>,
  tally: HttpTally | undefined,
): Promise<Response | undefined> {
  const response = await answered;
  tally?.answered(response === UPGRADED ? SWITCHED : response.status);
  return response === UPGRADED ? undefined : response;
}

function tlsOptions({ certificate, key, minVersion }: TlsServer) {
  return { cert: certificate, key, ...(minVersion === "1.3" ? { secureOptions: NO_TLS_1_2 } : {}) };
}

function failure(cause: unknown, setting: string): HeadwaterError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "EADDRINUSE") {
    const message = `${setting}: another program listens there; choose another port, or 0 for any`;
    return new HeadwaterError("PORT_TAKEN", message, { cause });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  const isCertificate = /SSL|PEM|KEY|CERT/i.test(`${code} ${why}`);
  return new HeadwaterError(isCertificate ? "CONFIG_INVALID" : "NETWORK", `${setting}: ${why}`, { cause });
}

/** Probes and scrapers may ask by any name; what is for people and programs is for who means this gateway. */
function refusedHost(request: Request, path: string, { host, names = [] }: HttpDoorOptions): Response | null {
  if (!/^\/api(?:\/|$)/.test(path) || isForUs(request, [host, ...names])) return null;
  return problem(403, {
    message: "this gateway does not go by that name",
    thing: "host",
    value: request.headers.get("host"),
    remedy: "ask for it by its address, or name the host in http.hosts",
  });
}
