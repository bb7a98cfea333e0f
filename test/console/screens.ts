import type { Page } from "./browser.ts";
import { PASSWORD, type Site } from "./site.ts";

export const SIZES = [
  ["phone", 390, 844, "light"],
  ["tablet", 820, 1180, "dark"],
  ["desk", 1440, 900, "light"],
] as const;

const rows = (label: string): string => `document.querySelector('table[aria-label="${label}"] tbody tr')`;
const text = (words: string): string =>
  `document.querySelector("main").innerText.includes(${JSON.stringify(words)})`;

/** Every screen: where it is, its heading, and what shows that its content has come. */
export const SCREENS: readonly (readonly [string, string, string])[] = [
  ["overview", "Overview", `${rows("Uplinks")} && ${text("Everything serves")}`],
  ["devices", "Devices", "document.querySelectorAll('.long-row a').length > 5"],
  [
    "devices/pump-1?topic=telemetry",
    "pump-1",
    `${text("On the way to the centre")} && document.querySelector(".plot canvas")`,
  ],
  ["topics", "Topics", rows("Topics")],
  ["topics/telemetry", "telemetry", rows("Partitions")],
  ["records?topic=telemetry", "Records", "document.querySelectorAll('.record').length > 5"],
  ["uplinks", "central", `${rows("Topics")} && ${text("Budget")}`],
  ["groups", "Groups", rows("Groups")],
  ["groups/readers", "readers", rows("Offsets")],
  ["queues", "Queues", text("No share group works here")],
  ["connections", "Connections", rows("MQTT clients")],
  ["storage", "Storage", rows("Topics by size")],
  ["clock", "Clock", text("It shows")],
  ["config", "Settings", rows("Settings")],
  ["access", "Access", rows("Users")],
  ["audit", "Audit", `${rows("Audit")} && ${text("login")}`],
];

export interface Layout {
  readonly wide: number;
  readonly cut: readonly string[];
}

/** How wide the page is, and what of it can't be seen without scrolling sideways. */
export const LAYOUT = `(() => {
  const scrolls = (one) => one.closest("pre, .plot, .side") !== null;
  const cut = [...document.querySelectorAll("main *")].filter((one) => {
    const { left, right, width } = one.getBoundingClientRect();
    return width > 0 && (right > innerWidth + 1 || left < -1) && !scrolls(one) && !one.classList.contains("hidden");
  });
  return { wide: document.documentElement.scrollWidth, cut: cut.slice(0, 5).map((one) => one.outerHTML.slice(0, 120)) };
})()`;

/** Opens a screen and waits for its heading. */
export async function goTo(page: Page, place: string, heading: string): Promise<void> {
  await page.ask(`void (location.hash = "#/${place}")`);
  await page.until(
    `document.querySelector("h1")?.innerText === ${JSON.stringify(heading)}`,
    `the heading ${heading}`,
  );
}

/** Opens the console anew and signs in. */
export async function signIn(page: Page, site: Site, user: string): Promise<void> {
  await page.goto(`${site.url}/`);
  await page.untilText("Sign in");
  await page.fill("User", user);
  await page.fill("Password", PASSWORD);
  await page.press("Sign in");
  await page.until('document.querySelector("h1")?.innerText === "Overview"', "the overview");
  // That nobody was signed in before is no complaint.
  page.complaints.length = 0;
}
