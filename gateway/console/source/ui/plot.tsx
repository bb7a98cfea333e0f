import { useEffect, useRef } from "preact/hooks";
import UPlot from "uplot";
import { time } from "../format.ts";
import { useColours } from "../theme.ts";

export interface Series {
  readonly label: string;
  /** One for each time; null where nothing is known. */
  readonly values: readonly (number | null)[];
  readonly colour: "first" | "second" | "third";
  /** Filled down to the axis. */
  readonly isArea?: boolean;
  readonly isSteps?: boolean;
}

interface PlotProps {
  /** Says what is plotted, to who can't see it. */
  readonly label: string;
  readonly timesMs: readonly number[];
  readonly series: readonly Series[];
  readonly show: (value: number) => string;
  readonly height?: number;
  /** Zero is the foot of the axis. */
  readonly fromZero?: boolean;
  /** Steps of the axis are powers of two. */
  readonly isBytes?: boolean;
  /** What the plot begins and ends with; else the first and the last time. */
  readonly span?: readonly [number, number];
}

/** 1 B, 2 B, 4 B and so on up to terabytes. */
const BYTE_STEPS = Array.from({ length: 44 }, (_, power) => 2 ** power);

/** A plot over time. */
export function Plot({
  label,
  timesMs,
  series,
  show,
  height = 180,
  fromZero = true,
  isBytes = false,
  span,
}: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const colours = useColours();
  const spanNow = useRef(span);
  spanNow.current = span;
  const data = useRef<UPlot.AlignedData>([[]]);
  data.current = [timesMs.map((at) => at / 1000), ...series.map(({ values }) => [...values])];
  const names = series.map((one) => `${one.label}|${one.colour}|${one.isArea}|${one.isSteps}`).join("\n");
  // It is made anew for other series and colours; other figures go into the one that is there.
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const made = new UPlot(
      optionsOf({
        series,
        show,
        height,
        fromZero,
        isBytes,
        span: () => spanNow.current,
        width: element.clientWidth,
      }),
      data.current,
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [names, height, fromZero, colours]);
  useEffect(() => {
    plot.current?.setData(data.current);
  });
  return <div ref={frame} class="plot" role="img" aria-label={labelOf(label, series, show)} />;
}

function labelOf(label: string, series: readonly Series[], show: (value: number) => string): string {
  const last = series.map((one) => {
    const value = one.values.findLast((each) => each !== null);
    return `${one.label} ${value === undefined || value === null ? "unknown" : show(value)}`;
  });
  return `${label}. Last: ${last.join(", ")}`;
}

interface Wanted extends Pick<PlotProps, "series" | "show"> {
  readonly height: number;
  readonly width: number;
  readonly fromZero: boolean;
  readonly isBytes: boolean;
  readonly span: () => readonly [number, number] | undefined;
}

function optionsOf({ series, show, height, width, fromZero, isBytes, span }: Wanted): UPlot.Options {
  const colour = coloursNow();
  const axis = {
    stroke: colour("muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    padding: [10, 26, 0, 0],
    legend: { show: true, live: true },
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { range: (_, first, last) => spanOf(span(), first, last) },
      y: { range: (_, low, high) => rangeOf(low, high, fromZero) },
    },
    axes: [
      {
        ...axis,
        space: 80,
        size: 26,
        values: (_, ticks, __, ___, step) => ticks.map((at) => tick(at, step)),
      },
      {
        ...axis,
        size: (_, texts) => 14 + 6.5 * Math.max(3, ...(texts ?? []).map((text) => text.length)),
        space: 34,
        values: (_, ticks) => ticks.map(show),
        ...(isBytes ? { incrs: BYTE_STEPS } : {}),
      },
    ],
    series: [
      { value: (_, seconds) => (seconds === null ? "" : time(seconds * 1000)) },
      ...series.map((one) => ({
        label: one.label,
        stroke: colour(`plot-${one.colour}`),
        width: 1.5,
        points: { show: one.values.length < 40, size: 4 },
        value: (_: UPlot, value: number | null) => (value === null ? "–" : show(value)),
        ...(one.isArea ? { fill: colour(`plot-${one.colour}-soft`) } : {}),
        ...(one.isSteps && UPlot.paths.stepped ? { paths: UPlot.paths.stepped({ align: 1 }) } : {}),
      })),
    ],
  };
}

const DAY_SEC = 86_400;

/** The time of a tick on one line: as much of it as differs from the next. */
function tick(atSec: number, stepSec: number): string {
  const at = new Date(atSec * 1000);
  if (stepSec >= DAY_SEC) return at.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  const text = time(atSec * 1000).slice(11);
  return stepSec >= 60 ? text.slice(0, 5) : text;
}

/** What the names of colours are now, as a canvas takes them. */
function coloursNow(): (name: string) => string {
  const probe = document.createElement("span");
  return (name) => {
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

/** In seconds; a single moment is given room. */
function spanOf(span: readonly [number, number] | undefined, first: number, last: number): [number, number] {
  if (span !== undefined) return [span[0] / 1000, span[1] / 1000];
  return first === last ? [first - 1, last + 1] : [first, last];
}

function rangeOf(low: number | null, high: number | null, fromZero: boolean): [number, number] {
  if (low === null || high === null) return [0, 1];
  if (fromZero) return [Math.min(0, low), high <= 0 ? 1 : high * 1.1];
  const room = (high - low) * 0.1 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
}
