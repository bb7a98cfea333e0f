import { HeadwaterError } from "../../base/errors.ts";

/** A part of a file on the web that has begun to come. */
export interface WebPart {
  /** Where it begins: 0 where the server gives the whole file, whatever was asked for. */
  readonly position: number;
  /** Of the whole file; null where the server does not say. */
  readonly sizeBytes: number | null;
  /** Names this version of the file; null where the server does not. */
  readonly tag: string | null;
  /** Throws NETWORK, or TIMED_OUT where nothing comes for a while. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface WebRequest {
  readonly url: string;
  readonly position: number;
  /** Of the version that the beginning is of; where the file is another one now, it comes from its start. */
  readonly tag: string | null;
  /** Whether plain HTTP may be used, by redirections too. */
  readonly allowHttp: boolean;
}

const MAX_REDIRECTIONS = 5;
/** Of silence. */
const SILENCE_MS = 30_000;

/** Asks for a file from a position on. Throws NETWORK, TIMED_OUT, and UNSUPPORTED for an address that may not be asked. */
export async function openWebFile(request: WebRequest): Promise<WebPart> {
  const silence = new Silence();
  try {
    const response = await follow(request, silence.signal);
    const { status, headers, body } = response;
    if ((status !== 200 && status !== 206) || body === null) {
      await body?.cancel();
      throw new HeadwaterError("NETWORK", `${request.url}: the server answers ${status}`);
    }
    const [, start, end] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
    const length = headers.get("content-length");
    const whole = length === null || headers.has("content-encoding") ? null : Number(length);
    const tag = headers.get("etag") ?? headers.get("last-modified");
    return {
      position: status === 206 ? Number(start ?? request.position) : 0,
      sizeBytes: status === 206 ? (end === undefined ? null : Number(end)) : whole,
      tag: tag?.startsWith("W/") === true ? null : tag,
      chunks: watched(request.url, body, silence),
    };
  } catch (error) {
    silence.end();
    throw networkError(request.url, error);
  }
}

async function follow(request: WebRequest, signal: AbortSignal): Promise<Response> {
  let url = request.url;
  for (let count = 0; count <= MAX_REDIRECTIONS; count += 1) {
    refuseAddress(url, request.allowHttp);
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (request.position > 0) {
      headers.range = `bytes=${request.position}-`;
      if (request.tag !== null) headers["if-range"] = request.tag;
    }
    const response = await fetch(url, { headers, signal, redirect: "manual" });
    const location = response.headers.get("location");
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    url = new URL(location, url).href;
  }
  throw new HeadwaterError(
    "NETWORK",
    `${request.url}: it leads to more than ${MAX_REDIRECTIONS} other addresses`,
  );
}

function refuseAddress(url: string, allowHttp: boolean): void {
  const { protocol } = new URL(url);
  if (protocol === "https:" || (protocol === "http:" && allowHttp)) return;
  const remedy =
    protocol === "http:" ? "; --allow-http asks it all the same: what comes has to be signed anyway" : "";
  throw new HeadwaterError("UNSUPPORTED", `${url}: only https is asked${remedy}`);
}

async function* watched(
  url: string,
  body: ReadableStream<Uint8Array>,
  silence: Silence,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      silence.heard();
      yield chunk;
      silence.heard();
    }
  } catch (error) {
    throw networkError(url, error);
  } finally {
    silence.end();
  }
}

function networkError(url: string, error: unknown): HeadwaterError {
  if (error instanceof HeadwaterError) return error;
  const isSilence = error instanceof Error && error.name === "TimeoutError";
  if (isSilence)
    return new HeadwaterError("TIMED_OUT", `${url}: nothing has come for ${SILENCE_MS / 1000} s`, {
      cause: error,
    });
  const why = error instanceof Error ? error.message : String(error);
  return new HeadwaterError("NETWORK", `${url}: ${why}`, { cause: error });
}

/** Ends a request that nothing comes of. */
class Silence {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor() {
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  heard(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#controller.abort(new DOMException("silence", "TimeoutError")),
      SILENCE_MS,
    );
  }

  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
