import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface PageProps {
  readonly title: string;
  /** One line of what is here. */
  readonly about?: ComponentChildren;
  /** The page that this one belongs to. */
  readonly above?: { readonly title: string; readonly place: string };
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

let isFirst = true;

/** A screen: its heading, what can be done here, and its content. Its heading has the focus when somebody comes here. */
export function Page({ title, about, above, actions, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} – Headwater`;
    // Who has just loaded the page starts at its top, with the link that skips to here.
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    isFirst = false;
    scrollTo(0, 0);
  }, [title]);
  return (
    <>
      <header class="page-head">
        <div class="page-title">
          {above && (
            <a class="above" href={above.place}>
              <Icon name="left" />
              {above.title}
            </a>
          )}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {about && <p class="about">{about}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

interface CardProps {
  readonly title?: string;
  readonly actions?: ComponentChildren;
  readonly note?: ComponentChildren;
  /** Without room between its edge and its content, as for tables. */
  readonly flush?: boolean;
  readonly children: ComponentChildren;
}

/** A part of a screen. */
export function Card({ title, actions, note, flush = false, children }: CardProps) {
  return (
    <section class={flush ? "card flush" : "card"} aria-label={title}>
      {(title || actions) && (
        <header class="card-head">
          {title && <h2>{title}</h2>}
          {actions && <div class="actions">{actions}</div>}
        </header>
      )}
      {note && <p class="card-note">{note}</p>}
      <div class="card-body">{children}</div>
    </section>
  );
}

/** Cards beside each other, as many as fit. */
export function Grid({
  wide = false,
  children,
}: {
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}) {
  return <div class={wide ? "grid wide" : "grid"}>{children}</div>;
}

export type Tone = "plain" | "good" | "warn" | "bad";

interface StatProps {
  readonly label: string;
  readonly value: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly tone?: Tone;
  readonly place?: string;
  readonly children?: ComponentChildren;
}

/** One figure. */
export function Stat({ label, value, note, tone = "plain", place, children }: StatProps) {
  const content = (
    <>
      <span class="stat-label">{label}</span>
      <span class={`stat-value ${tone}`}>{value}</span>
      {note && <span class="stat-note">{note}</span>}
      {children}
    </>
  );
  return place === undefined ? (
    <div class="stat">{content}</div>
  ) : (
    <a class="stat" href={place}>
      {content}
    </a>
  );
}

/** Names and values, as a list. */
export function Facts({ facts }: { readonly facts: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A word in a colour that says how good it is. */
export function Badge({
  tone = "plain",
  children,
}: {
  readonly tone?: Tone;
  readonly children: ComponentChildren;
}) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** How much of something is used, 0 to 1. */
export function Meter({
  part,
  label,
  tone = "plain",
}: {
  readonly part: number;
  readonly label: string;
  readonly tone?: Tone;
}) {
  const value = Math.max(0, Math.min(1, Number.isFinite(part) ? part : 0));
  return (
    <div class={`meter ${tone}`} role="img" aria-label={label}>
      <div style={{ width: `${value * 100}%` }} />
    </div>
  );
}
