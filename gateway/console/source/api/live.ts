import { useEffect, useRef, useState } from "preact/hooks";
import { keyText } from "../format.ts";
import { encoded, withQuery } from "./client.ts";
import type { RecordLine } from "./types.ts";

/** Records that are kept of those that came. */
const MAX_KEPT = 300;
/** Of each partition, those that were there already. */
const BEFORE = 10;
/** However fast they come, the page is drawn so often. */
const DRAW_MS = 150;

export interface Live {
  /** Newest first. */
  readonly records: readonly RecordLine[];
  /** How many came since it was opened. */
  readonly count: number;
  /** Those that were deleted before they could be sent. */
  readonly missed: number;
  readonly state: "connecting" | "open" | "broken";
}

const NOTHING: Live = { records: [], count: 0, missed: 0, state: "connecting" };

/** Records of a topic as they come, of one key where that is not empty (percent-encoded); none for a null topic. */
export function useLive(topic: string | null, key: string, isPaused: boolean): Live {
  const [live, setLive] = useState<Live>(NOTHING);
  const paused = useRef(isPaused);
  paused.current = isPaused;
  useEffect(() => {
    setLive(NOTHING);
    if (topic === null) return;
    const waiting: RecordLine[] = [];
    let count = 0;
    const path = withQuery(`/api/topics/${encoded(topic)}/live`, {
      key: keyText(key),
      last: BEFORE,
      values: "base64",
    });
    // The browser connects again by itself, and says with which record it goes on.
    const source = new EventSource(path);
    const say = (state: Live["state"]) => setLive((before) => ({ ...before, state }));
    const take = (event: MessageEvent<string>) => {
      waiting.push(JSON.parse(event.data) as RecordLine);
      count += 1;
      if (waiting.length > MAX_KEPT) waiting.shift();
    };
    source.addEventListener("open", () => say("open"));
    source.addEventListener("error", () =>
      say(source.readyState === EventSource.CLOSED ? "broken" : "connecting"),
    );
    source.addEventListener("message", take);
    source.addEventListener("gap", ({ data }: MessageEvent<string>) => {
      const { from, to } = JSON.parse(data) as { readonly from: number; readonly to: number };
      setLive((before) => ({ ...before, missed: before.missed + to - from }));
    });
    const timer = setInterval(() => {
      if (paused.current || waiting.length === 0) return;
      const come = waiting.splice(0).reverse();
      setLive((before) => ({ ...before, records: [...come, ...before.records].slice(0, MAX_KEPT), count }));
    }, DRAW_MS);
    return () => {
      source.close();
      clearInterval(timer);
    };
  }, [topic, key]);
  return live;
}
