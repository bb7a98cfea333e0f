import { COMMON_HEADERS } from "../problem.ts";
import type { Feed, LiveEvent } from "./feed.ts";

/** A comment. */
const SILENCE = ":\n\n";
const encoder = new TextEncoder();

/**
 * Follows a feed as server-sent events (WHATWG HTML, 9.2): a record is an event whose id says where to go on after it, a gap
 * is an event `gap`, and silence a comment. Nothing is read from the feed before the reader has taken what came before.
 */
export function eventStream(feed: Feed): Response {
  const body = new ReadableStream<Uint8Array>(
    {
      // The answer's head goes out with the first bytes, and whoever follows wants to know that he does.
      start: (controller) => controller.enqueue(encoder.encode(SILENCE)),
      async pull(controller) {
        const events = await feed.next();
        if (events === null) controller.close();
        else controller.enqueue(encoder.encode(events.map(textOf).join("")));
      },
      cancel: () => feed.end(),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { ...COMMON_HEADERS, "content-type": "text/event-stream" } });
}

function textOf(event: LiveEvent): string {
  switch (event.kind) {
    case "record":
      return `id: ${event.place}\ndata: ${event.line}\n\n`;
    case "gap":
      return `event: gap\ndata: ${JSON.stringify({ partition: event.partition, from: event.from, to: event.to })}\n\n`;
    case "silence":
      return SILENCE;
  }
}
