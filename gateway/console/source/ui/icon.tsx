/** Outlines on a grid of 24, one stroke wide. */
const SHAPES = {
  overview: "M4 13h4l2.5-7 4 12 2.5-5H20",
  devices: "M7 4h10a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM10 17h4M9.5 8h5v4.5h-5z",
  topics: "M4 6.5h16M4 12h16M4 17.5h10",
  records: "M8 4 4 8.5v7L8 20M16 4l4 4.5v7L16 20M9.5 9.5h5M9.5 14.5h5",
  uplinks: "M12 20V8M7 12.5 12 7.5l5 5M5 4h14",
  groups:
    "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3.5 19c.5-3 2.5-4.5 5.5-4.5s5 1.5 5.5 4.5M15.5 5.5a2.8 2.8 0 0 1 0 5.2M17 14.8c2 .5 3.2 2 3.5 4.2",
  queues: "M4 6h9M4 12h9M4 18h9M17 4v16M14.5 17.5 17 20l2.5-2.5",
  connections: "M9 7V4M15 7V4M7 7h10v4a5 5 0 0 1-10 0zM12 16v4",
  storage:
    "M12 9c4.4 0 7-1.2 7-2.7S16.4 3.6 12 3.6 5 4.8 5 6.3 7.6 9 12 9zM5 6.3v11.4c0 1.5 2.6 2.7 7 2.7s7-1.2 7-2.7V6.3M5 12c0 1.5 2.6 2.7 7 2.7s7-1.2 7-2.7",
  clock: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM12 7v5.3l3.5 2",
  access: "M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6zM9.5 12l2 2 3.5-3.8",
  config:
    "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  audit: "M6 3.5h9l3.5 3.5v13.5H6zM9 11h6.5M9 14.5h6.5M9 18h4",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  screen: "M4 5h16v11H4zM9 20h6M12 16v4",
  good: "M5 12.5 10 17.5 19.5 7",
  bad: "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.5",
  right: "M9 5l7 7-7 7",
  left: "M15 5l-7 7 7 7",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  pause: "M8 5v14M16 5v14",
  play: "M7 4.5 19 12 7 19.5z",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20 20",
  out: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
  send: "M4 12 20 4.5 15.5 20l-3.5-6.5zM12 13.5 20 4.5",
  copy: "M8.5 8.5h11v11h-11zM15.5 8.5v-4h-11v11h4",
} as const;

export type IconName = keyof typeof SHAPES;

/** A small picture beside words that say the same, or in a control that has a label. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={SHAPES[name]} />
    </svg>
  );
}
