import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Registry } from "../metrics/registry.ts";
import { isForUs } from "./caller.ts";
import { answerConsole, isConsole } from "./console-page.ts";
import type { ControlSource } from "./controls.ts";
import type { DevicesSource } from "./devices.ts";
import { answer } from "./pages.ts";
import { problem } from "./problem.ts";
import type { DeviceRecords } from "./records.ts";
import { type DoorParts, doorRoutes } from "./rest/door-routes.ts";
import type { Gateway } from "./rest/gateway.ts";
import { GATEWAY_ROUTES } from "./rest/gateway-routes.ts";
import { Router } from "./rest/router.ts";
import type { Access } from "./session/access.ts";
import type { StatusSource } from "./status.ts";

export interface HttpDoorOptions {
  readonly host: string;
  /** 0 picks one. */
  readonly port: number;
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
  readonly metrics: Registry;
  readonly logger: Logger;
}

/** What no operation takes is refused before it is read. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Seconds that a connection may be silent, so that clients which never finish a request do not pile up. */
const IDLE_TIMEOUT_SEC = 10;

type Server = ReturnType<typeof Bun.serve<undefined>>;

/** The door for people, probes, Prometheus and programs. */
export class HttpDoor {
  readonly host: string;
  readonly port: number;
  readonly #server: Server;

  /** Listens from now on. Throws PORT_TAKEN or NETWORK. */
  constructor(options: HttpDoorOptions) {
    this.#server = serve(options);
    this.host = options.host;
    this.port = this.#server.port ?? options.port;
  }

  /** Requests that are being answered. */
  get pendingRequests(): number {
    return this.#server.pendingRequests;
  }

  /** Takes no more requests and resolves when those under way are answered; `now` cuts them. */
  async stop(now = false): Promise<void> {
    await this.#server.stop(now);
  }
}

function serve(options: HttpDoorOptions): Server {
  const { host, port, source, access, metrics, logger } = options;
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
  try {
    return Bun.serve({
      hostname: host,
      port,
      development: false,
      // Outside of development Bun shares the port by default: two gateways would then answer in turns.
      reusePort: false,
      maxRequestBodySize: MAX_BODY_BYTES,
      idleTimeout: IDLE_TIMEOUT_SEC,
      fetch: (request, server) => {
        const url = URL.parse(request.url);
        if (url === null) return answer(request, source, metrics, paths);
        if (isConsole(url.pathname)) return answerConsole(request, url.pathname);
        const arrival = { address: server.requestIP(request)?.address ?? "", isTls: false };
        return (
          refusedHost(request, url.pathname, options) ??
          router.answer(request, url, arrival, access, parts) ??
          answer(request, source, metrics, paths)
        );
      },
      error(error) {
        logger.error("a page could not be made", { error });
        return new Response("internal error\n", { status: 500 });
      },
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : null;
    const address = `${host}:${port}`;
    if (code === "EADDRINUSE") {
      const message = `http.listen = ${address}: another program listens there; choose another port, or 0 for any`;
      throw new HeadwaterError("PORT_TAKEN", message, { cause });
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HeadwaterError("NETWORK", `http.listen = ${address}: ${why}`, { cause });
  }
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
