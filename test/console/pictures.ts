/**
 * Takes the pictures of the console that the README shows: `bun test/console/pictures.ts` with Chromium. It lets a fleet send
 * for a while first, so that there is something to see.
 */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Browser } from "./browser.ts";
import { goTo, signIn } from "./screens.ts";
import { run, startSite } from "./site.ts";

const FOLDER = resolve(import.meta.dirname, "../../gateway/console/screenshots");
/** Orders come in waves. */
const WAVES = 24;
const WAVE_MS = 9_000;
const SETTLE_MS = 1_500;

const PICTURES = [
  ["overview", "overview", "Overview", 1280, 860, "light"],
  ["device", "devices/pump-3?topic=telemetry", "pump-3", 1280, 860, "dark"],
  ["skew", "topics/orders", "orders", 1280, 800, "light"],
  ["records", "records?topic=telemetry&live=yes", "Records", 820, 900, "dark"],
  ["uplink-phone", "uplinks", "central", 390, 844, "light"],
  ["devices-phone", "devices", "Devices", 390, 844, "dark"],
] as const;

const site = await startSite(28);
const browser = await Browser.start();
try {
  const bootstrap = ["--bootstrap", site.gateway.kafka];
  await run(["topic", "create", "orders", "--partitions", "4", ...bootstrap]);
  for (let wave = 0; wave < WAVES; wave++) {
    const count = Math.round(150 + 100 * Math.sin(wave / 3));
    const orders = Array.from(
      { length: count },
      (_, n) => `press-${n % 5 === 0 ? n % 9 : 7}:{"order": ${n}}\n`,
    );
    await run(["produce", "orders", "--key-separator", ":", ...bootstrap], orders.join(""));
    await Bun.sleep(WAVE_MS);
  }
  const page = await browser.open();
  await page.resize(1280, 860);
  await signIn(page, site, "anna");
  for (const [name, place, heading, width, height, colours] of PICTURES) {
    await page.resize(width, height);
    await page.setColours(colours);
    await goTo(page, place, heading);
    // What is refreshed every few seconds comes a few times, so that lines have points.
    await Bun.sleep(name === "devices-phone" ? 10 * SETTLE_MS : SETTLE_MS);
    const picture = await page.picture();
    writeFileSync(join(FOLDER, `${name}.webp`), picture);
    console.log(`${name}.webp ${Math.round(picture.length / 1024)} KiB`);
  }
} finally {
  await browser.stop();
  await site.stop();
}
