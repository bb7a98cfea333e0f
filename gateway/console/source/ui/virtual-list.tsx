import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface VirtualListProps {
  readonly label: string;
  readonly count: number;
  /** Height of each row on a wide screen and on a phone. */
  readonly rowPx: number;
  readonly narrowRowPx: number;
  readonly head: ComponentChildren;
  readonly row: (index: number) => ComponentChildren;
  readonly look: (first: number, last: number) => void;
}

/** Rows beyond what is seen, so that scrolling and the Tab key find the next ones. */
const BEYOND = 8;
const NARROW = "(max-width: 699px)";

/** A long list: only the rows that are seen are in the page, which is as high as if all were. It scrolls with the page. */
export function VirtualList({ label, count, rowPx, narrowRowPx, head, row, look }: VirtualListProps) {
  const body = useRef<HTMLDivElement>(null);
  const isNarrow = useMatches(NARROW);
  const height = isNarrow ? narrowRowPx : rowPx;
  const [[first, last], setRange] = useState<readonly [number, number]>([0, 30]);
  useEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      const top = body.current?.getBoundingClientRect().top ?? 0;
      const begin = Math.max(0, Math.floor(-top / height) - BEYOND);
      const end = Math.max(begin, Math.ceil((innerHeight - top) / height) + BEYOND);
      setRange((before) => (before[0] === begin && before[1] === end ? before : [begin, end]));
      look(begin, end);
    };
    const later = () => {
      if (frame === 0) frame = requestAnimationFrame(measure);
    };
    measure();
    addEventListener("scroll", later, { passive: true });
    addEventListener("resize", later);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", later);
      removeEventListener("resize", later);
    };
  }, [height, look]);
  const from = Math.min(first, count);
  const shown = Array.from({ length: Math.max(0, Math.min(last, count) - from) }, (_, index) => from + index);
  return (
    <div class="long-list">
      {head}
      <div ref={body} class="long-body" style={{ height: `${count * height}px` }}>
        <ul aria-label={label} onKeyDown={moveByArrow}>
          {shown.map((index) => (
            <li
              key={index}
              class="long-row"
              aria-posinset={index + 1}
              aria-setsize={count}
              style={{ top: `${index * height}px`, height: `${height}px` }}
            >
              {row(index)}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** Up and down go from one row's link to the next. */
function moveByArrow(event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>(".long-row a")];
  const at = links.indexOf(event.target as HTMLElement);
  const next = links[at + (event.key === "ArrowDown" ? 1 : -1)];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  next.focus();
}

/** Whether a media query holds, followed. */
export function useMatches(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const follow = () => setMatches(list.matches);
    list.addEventListener("change", follow);
    return () => list.removeEventListener("change", follow);
  }, [query]);
  return matches;
}
