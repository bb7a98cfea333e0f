import type { Feed, LiveEvent } from "./feed.ts";

/** What of a socket is used here; Bun's ServerWebSocket is one. */
export interface LiveSocket {
  readonly data: LiveSocketData;
  /** -1 where it waits for the reader, 0 where it is gone. */
  send(text: string): number;
  ping(): number;
  close(code: number, reason: string): void;
}

export interface LiveSocketData {
  readonly feed: Feed;
  /** Resumes when the reader has taken what was sent. */
  resume: (() => void) | null;
  isOpen: boolean;
}

/** Who reads says nothing: what he sends is thrown away, and no more of it is taken at a time. */
const MAX_MESSAGE_BYTES = 1024;
/** Of what was sent and not taken; the next chunk is read once it is. */
const BACKPRESSURE_BYTES = 1024 * 1024;
const IDLE_SEC = 30;
/** RFC 6455, 7.4.1: the end of the topic, or of the right to it. */
const GOING_AWAY = 1001;

/** Bun's handlers of all live sockets. */
export const LIVE_SOCKETS = {
  maxPayloadLength: MAX_MESSAGE_BYTES,
  backpressureLimit: BACKPRESSURE_BYTES,
  idleTimeout: IDLE_SEC,
  perMessageDeflate: false,
  open(socket: LiveSocket): void {
    socket.data.isOpen = true;
    void follow(socket);
  },
  message(): void {},
  drain({ data }: LiveSocket): void {
    const { resume } = data;
    data.resume = null;
    resume?.();
  },
  close({ data }: LiveSocket): void {
    data.isOpen = false;
    data.feed.end();
    data.resume?.();
    data.resume = null;
  },
};

export function socketData(feed: Feed): LiveSocketData {
  return { feed, resume: null, isOpen: false };
}

/** Sends what the feed has, no faster than it is taken. */
async function follow(socket: LiveSocket): Promise<void> {
  const { data } = socket;
  for (;;) {
    const events = await data.feed.next();
    if (!data.isOpen) return;
    if (events === null) {
      socket.close(GOING_AWAY, "there is no more");
      return;
    }
    for (const event of events) {
      if (!data.isOpen) return;
      if (send(socket, event) === -1) await drained(data);
    }
  }
}

function send(socket: LiveSocket, event: LiveEvent): number {
  switch (event.kind) {
    case "record":
      return socket.send(`{"after":"${event.place}","record":${event.line}}`);
    case "gap":
      return socket.send(
        JSON.stringify({ gap: { partition: event.partition, from: event.from, to: event.to } }),
      );
    case "silence":
      return socket.ping();
  }
}

/** A socket whose reader never takes it is closed by the feed, which nobody asks for more. */
function drained(data: LiveSocketData): Promise<void> {
  return new Promise((resolve) => {
    data.resume = resolve;
  });
}
