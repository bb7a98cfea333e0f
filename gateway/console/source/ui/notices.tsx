import { type ComponentChildren, createContext } from "preact";
import { useCallback, useContext, useState } from "preact/hooks";

const SHOWN_MS = 4_000;
/** Older ones make room. */
const MAX_NOTICES = 3;

const TellContext = createContext<(text: string) => void>(() => {});

/** Says in a corner, for a moment, that something was done. */
export function useTell(): (text: string) => void {
  return useContext(TellContext);
}

interface Notice {
  readonly id: number;
  readonly text: string;
}

let nextId = 0;

/** Where those are seen, and read out. */
export function Notices({ children }: { readonly children: ComponentChildren }) {
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const tell = useCallback((text: string) => {
    const id = nextId++;
    setNotices((before) => [...before.slice(1 - MAX_NOTICES), { id, text }]);
    setTimeout(() => setNotices((before) => before.filter((notice) => notice.id !== id)), SHOWN_MS);
  }, []);
  return (
    <TellContext.Provider value={tell}>
      {children}
      <div class="notices" role="status" aria-live="polite">
        {notices.map(({ id, text }) => (
          <p key={id}>{text}</p>
        ))}
      </div>
    </TellContext.Provider>
  );
}
