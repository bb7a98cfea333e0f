import { useState } from "preact/hooks";
import { useTell } from "../ui/notices.tsx";
import { type ApiError, asApiError, ask, type Call } from "./client.ts";

/** Something that the person asked for and that changes the gateway. */
export interface Change {
  readonly isBusy: boolean;
  /** Why the last one was refused; null once one was not. */
  readonly error: ApiError | null;
  readonly forget: () => void;
  /** Sends it, and says `done` where everybody sees it. Null where it was refused. */
  readonly send: <T>(path: string, call: Call, done?: string) => Promise<T | null>;
}

/** Sends changes, one at a time. */
export function useChange(): Change {
  const tell = useTell();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  return {
    isBusy,
    error,
    forget: () => setError(null),
    send: async <T>(path: string, call: Call, done?: string) => {
      setBusy(true);
      setError(null);
      try {
        const answer = await ask<T>(path, { method: "POST", ...call });
        if (done !== undefined) tell(done);
        return answer ?? ({} as T);
      } catch (caught) {
        setError(asApiError(caught));
        return null;
      } finally {
        setBusy(false);
      }
    },
  };
}
