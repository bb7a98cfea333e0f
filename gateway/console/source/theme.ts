import { useEffect, useState } from "preact/hooks";

export type Theme = "system" | "light" | "dark";

const KEY = "headwater.theme";
const CHANGED = "headwater-theme";

/** Puts the theme that was chosen last in force. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = chosenTheme();
}

export function chosenTheme(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}

export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // A browser that keeps nothing has it until the page is loaded again.
  }
  document.documentElement.dataset.theme = theme;
  dispatchEvent(new Event(CHANGED));
}

/** A number that changes with the colours, by choice or by the system. */
export function useColours(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const change = () => setVersion((before) => before + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", change);
    addEventListener(CHANGED, change);
    return () => {
      system.removeEventListener("change", change);
      removeEventListener(CHANGED, change);
    };
  }, []);
  return version;
}
