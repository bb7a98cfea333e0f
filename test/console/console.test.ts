import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { programsMissing, required } from "../interop/tools.ts";
import { Browser, type Page } from "./browser.ts";
import { goTo, LAYOUT, type Layout, SCREENS, SIZES, signIn } from "./screens.ts";
import { MANY, nameOf, PASSWORD, run, type Site, startSite } from "./site.ts";

/** The console in a real Chromium, against a gateway with a fleet and ten thousand devices. */
const START_MS = 60_000;
const missing = required(programsMissing("chromium"));
let site: Site;
let browser: Browser;
let page: Page;

describe.skipIf(missing !== null)("the console in a real browser", () => {
  beforeAll(async () => {
    [site, browser] = await Promise.all([startSite(MANY), Browser.start()]);
    page = await browser.open();
    await signIn(page, site, "anna");
  }, START_MS);
  afterAll(async () => {
    await browser?.stop();
    await site?.stop();
  }, START_MS);

  for (const [size, width, height, colours] of SIZES) {
    describe(`${size}, ${colours}`, () => {
      beforeAll(async () => {
        await page.resize(width, height);
        await page.setColours(colours);
      });
      for (const [place, heading, content] of SCREENS) {
        test(`${place}: its content is there, nothing is cut off, nothing complains`, async () => {
          await goTo(page, place, heading);
          await page.until(content, `the content of ${place}`);
          const { wide, cut } = await page.ask<Layout>(LAYOUT);
          expect({ wide, cut }).toEqual({ wide: width, cut: [] });
          expect(await page.ask<number>("document.querySelectorAll('.failure').length")).toBe(0);
          expect(page.complaints).toEqual([]);
        });
      }
    });
  }

  describe("signing in", signingIn);
  describe("keys alone", keysAlone);
  describe("work", work);
  describe("ten thousand devices", tenThousand);
});

/** Does something on a page of its own. */
async function onPage(work: (own: Page) => Promise<void>): Promise<void> {
  const own = await browser.open();
  try {
    await own.resize(1440, 900);
    await work(own);
  } finally {
    await own.close();
  }
}

function signingIn(): void {
  test("a viewer: a wrong password is refused, the right one lets in to look, and signing out ends it", () =>
    onPage(async (own) => {
      await own.goto(`${site.url}/#/topics`);
      await own.fill("User", "vera");
      await own.fill("Password", "wrong");
      await own.press("Sign in");
      await own.until('document.querySelector(".failure")', "that it is refused");
      await own.fill("User", "vera");
      await own.fill("Password", PASSWORD);
      await own.press("Sign in");
      await own.until(
        'document.querySelector("h1")?.innerText === "Topics"',
        "the screen that was asked for",
      );
      expect(await menuOf(own)).not.toContain("Settings");
      expect(await controlsOf(own)).toEqual([]);
      await own.press("Sign out");
      await own.until('document.querySelector("h1")?.innerText === "Sign in"', "the way in");
      expect(await own.ask<number>('fetch("/api/topics").then(({ status }) => status)')).toBe(401);
    }));

  test("an operator: no script reads the session, no change goes without its token, its end leads to the way in", () =>
    onPage(async (own) => {
      await signIn(own, site, "otto");
      expect(await menuOf(own)).toContain("Settings");
      expect(await controlsOf(own)).toEqual(["New topic", "Pause", "Move offsets"]);
      expect(await own.ask<string>("document.cookie")).toBe("");
      const resume = (headers: string) =>
        own.ask<number>(
          `fetch("/api/uplinks/central/resume", { method: "POST", body: "{}", headers: ${headers} }).then(({ status }) => status)`,
        );
      const type = '"content-type": "application/json"';
      expect(await resume(`{ ${type} }`)).toBe(403);
      expect(await resume(`{ ${type}, "x-csrf-token": "guessed" }`)).toBe(403);
      const csrf = await own.ask<string>(
        'fetch("/api/me").then((answer) => answer.json()).then(({ csrf }) => csrf)',
      );
      expect(await resume(`{ ${type}, "x-csrf-token": ${JSON.stringify(csrf)} }`)).toBe(200);
      await own.send("Network.clearBrowserCookies");
      await own.until('document.querySelector("h1")?.innerText === "Sign in"', "the way in");
    }));

  test("an admin may do all of it", async () => {
    expect(await controlsOf(page)).toEqual(["New topic", "Delete", "Pause", "Move offsets"]);
  });

  test("nothing inline runs", async () => {
    const title = await page.ask<string>(`(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'taken over'";
      document.body.append(script);
      return document.title;
    })()`);
    expect(title).not.toContain("taken over");
    expect(page.complaints.splice(0).join()).toContain("Content Security Policy");
  });
}

function menuOf(own: Page): Promise<readonly string[]> {
  return own.ask<string[]>("[...document.querySelectorAll('.menu a')].map((one) => one.innerText.trim())");
}

/** What of what changes something is offered. */
async function controlsOf(own: Page): Promise<readonly string[]> {
  const wanted = ["New topic", "Delete", "Pause", "Move offsets"];
  const found: string[] = [];
  for (const [place, heading, content] of SCREENS) {
    if (!/^(?:topics|uplinks|groups\/)/.test(place)) continue;
    await goTo(own, place, heading);
    await own.until(content, place);
    const names = "[...document.querySelectorAll('main button')].map((one) => one.innerText.trim())";
    found.push(...(await own.ask<string[]>(names)).filter((name) => wanted.includes(name)));
  }
  return found;
}

function keysAlone(): void {
  test("the first key skips the menu, the menu is walked through, and a screen is opened", async () => {
    await page.resize(1440, 900);
    await page.goto("about:blank");
    await page.goto(`${site.url}/#/overview`);
    await page.untilText("Everything serves");
    await page.key("Tab");
    expect(await page.focused()).toBe("Skip to the content");
    await page.key("Enter");
    expect(await page.ask<string>("document.activeElement.id")).toBe("main");
    await page.key("Tab", true);
    const seen: string[] = [];
    for (let step = 0; step < 30 && !seen.includes("Devices"); step++) {
      seen.push(await page.focused());
      await page.key("Tab", true);
    }
    expect(seen).toContain("Dark");
    // One step too far back.
    await page.key("Tab");
    expect(await page.focused()).toBe("Devices");
    expect(await page.ask<string>("getComputedStyle(document.activeElement).outlineStyle")).toBe("solid");
    await page.key("Enter");
    await page.until("document.querySelectorAll('.long-row a').length > 5", "the devices");
    expect(await page.focused()).toBe("Devices");
  });

  test("arrows go through the devices", async () => {
    await page.ask("void document.querySelector('.long-row a').focus()");
    const first = await page.focused();
    expect(first).toBe(nameOf(0));
    for (let step = 0; step < 200 && (await page.focused()) !== nameOf(40); step++) {
      await page.key("ArrowDown");
      // Rows that are scrolled to are drawn with the next frame.
      await page.ask("new Promise((drawn) => requestAnimationFrame(() => drawn(true)))");
    }
    expect(await page.focused()).toBe(nameOf(40));
  });

  test("a dialog keeps the focus, and Escape gives it back", async () => {
    await goTo(page, "topics", "Topics");
    await page.until("[...document.querySelectorAll('button')].some((one) => one.innerText === 'New topic')");
    await page.ask(
      "void [...document.querySelectorAll('button')].find((one) => one.innerText === 'New topic').focus()",
    );
    await page.key("Enter");
    await page.until("document.querySelector('dialog[open]')", "the dialog");
    for (let step = 0; step < 8; step++) {
      expect(
        await page.ask<boolean>(
          "document.activeElement === document.body || document.activeElement.closest('dialog') !== null",
        ),
      ).toBe(true);
      await page.key("Tab");
    }
    await page.key("Escape");
    await page.until("document.querySelector('dialog') === null", "that it closes");
    expect(await page.focused()).toBe("New topic");
  });

  test("the menu of a phone opens and closes", async () => {
    await page.resize(390, 844);
    const isSeen = "getComputedStyle(document.querySelector('.side')).visibility === 'visible'";
    await page.until(`!(${isSeen})`, "that it is closed");
    await page.press("Menu");
    await page.until(isSeen, "the menu");
    await page.key("Escape");
    await page.until(`!(${isSeen})`, "that it closes");
    await page.resize(1440, 900);
  });
}

function work(): void {
  test("an uplink is paused and goes on", async () => {
    await goTo(page, "uplinks", "central");
    await page.press("Pause");
    await page.untilText("It is paused.");
    await page.until("document.querySelector('.about .badge')?.innerText === 'paused'", "the state");
    await page.press("Resume");
    await page.until(
      "/forwarding|idle/.test(document.querySelector('.about .badge')?.innerText)",
      "the state",
    );
  });

  test("an uplink is capped, and the cap taken off", async () => {
    await goTo(page, "uplinks", "central");
    await page.press("Cap");
    await page.fill("KiB a second", "64");
    await page.press("Set the cap");
    await page.untilText("set by an operator");
    await page.press("Cap");
    await page.fill("KiB a second", "");
    await page.ask("void document.execCommand('delete')");
    await page.press("Take the cap off");
    await page.until(
      "!document.querySelector('main').innerText.includes('set by an operator')",
      "that it is off",
    );
  });

  test("offsets of a group are moved when it was seen what that does", async () => {
    await goTo(page, "groups/readers", "readers");
    await page.press("Move offsets");
    await page.press("Show what it would do");
    await page.until("document.querySelector('dialog table')?.innerText.includes('100')", "the plan");
    const committed = "document.querySelector('table[aria-label=Offsets] [data-label=Committed]')?.innerText";
    expect(await page.ask<string>(committed)).toBe("100");
    await page.press("Move them");
    await page.untilText("Offsets of readers are moved.");
    await page.until(`${committed} === "0"`, "that they are");
  });

  test("a dead letter is redriven when it was seen where it goes, and all of the others after it", async () => {
    const [dead, live] = ["dlq.mqtt", "telemetry"];
    const place = ["partition=0", "offset=0", "group=lab", "delivery.count=3"];
    const letter = [`topic=${live}`, ...place, "message=Offset rejected by client."];
    const headers = letter.flatMap((each) => ["-H", `__dlq.errors.${each}`]);
    for (const value of ["one", "two"])
      await run(["produce", dead, "-v", value, ...headers, "--bootstrap", site.gateway.kafka]);
    const route = [
      "-H",
      "headwater.dead-letter.reason=it is no JSON",
      "-H",
      "mqtt.topic=devices/pump-1/level",
    ];
    await run(["produce", dead, "-v", "three", ...route, "--bootstrap", site.gateway.kafka]);
    await goTo(page, "queues", "Queues");
    await page.until(`document.querySelector('table[aria-label="Dead letters"] a')?.innerText === "${dead}"`);
    await page.ask(`void document.querySelector('table[aria-label="Dead letters"] a').click()`);
    const states = `[...document.querySelectorAll("td[data-label=State]")].map((one) => one.innerText).join()`;
    await page.until(`${states} === "waiting,waiting,waiting"`, "three letters");
    await page.press("Redrive 0:0");
    await page.press("Show what it would do");
    await page.until(`document.querySelector("dialog li")?.innerText === "1 to ${live}, partition 0"`);
    await page.ask("void document.querySelector('dialog [type=submit]').click()");
    await page.until(`${states} === "redriven,waiting,waiting"`, "that one is");
    await page.press("Redrive all");
    await page.press("Show what it would do");
    await page.until(`document.querySelector("dialog .banner")?.innerText.includes("message of MQTT")`);
    await page.ask("void document.querySelector('dialog [type=submit]').click()");
    await page.until(`${states} === "redriven,redriven,waiting"`, "that both are");
    await page.until("document.querySelector('dialog') === null", "that it closes");
    for (const [, width, height] of SIZES) {
      await page.resize(width, height);
      expect(await page.ask<Layout>(LAYOUT)).toEqual({ wide: width, cut: [] });
    }
    await page.resize(1440, 900);
    expect(page.complaints).toEqual([]);
  }, 30_000);

  test("the configuration is read again", async () => {
    await goTo(page, "config", "Settings");
    await page.press("Reload");
    await page.untilText("nothing has changed");
  });

  test("a configuration that is wrong is said to be, where and why", async () => {
    await goTo(page, "config", "Settings");
    await page.fill("Configuration", 'gateway.id = "plant-3"\nlog.retention.ms = "soon"');
    await page.press("Show what it changes");
    await page.until(
      "document.querySelector('.banner.bad')?.innerText.startsWith('Line 2, log.retention.ms: ')",
      "what is wrong",
    );
  });

  test("a user is added, given another password, and deleted", async () => {
    const isThere = "document.querySelector('table[aria-label=Users]').innerText.includes('carla')";
    await goTo(page, "access", "Access");
    await page.press("New user");
    await page.fill("Name", "carla");
    await page.fill("Password", "first one");
    await page.fill("Once more", "first one");
    await page.press("Add");
    await page.until(isThere, "the user");
    await page.press("New password for carla");
    await page.fill("Password", "second one");
    await page.fill("Once more", "second one");
    await page.press("Change");
    await page.untilText("carla has another password.");
    await page.press("Delete carla");
    await page.press("Delete");
    await page.until(`!${isThere}`, "that the user is gone");
    expect(page.complaints).toEqual([]);
  });

  test("a topic is made and deleted, and what is wrong is said", async () => {
    await goTo(page, "topics", "Topics");
    await page.press("New topic");
    await page.fill("Name", "bad name!");
    await page.press("Create");
    await page.until("document.querySelector('dialog .failure')", "why not");
    page.complaints.length = 0;
    await page.fill("Name", "orders");
    await page.fill("Partitions", "3");
    await page.press("Create");
    await page.until("document.querySelector('h1')?.innerText === 'orders'", "the topic");
    await page.until(
      "document.querySelectorAll('table[aria-label=Partitions] tbody tr').length === 3",
      "its partitions",
    );
    await page.press("Delete");
    await page.fill("Type “orders” to go on", "orders");
    await page.press("Delete topic and records");
    await page.until("document.querySelector('h1')?.innerText === 'Topics'", "the list");
    await page.until(
      "!document.querySelector('.table-frame').innerText.includes('orders')",
      "that it is gone",
    );
  });

  test("a record that is produced is seen in the live tail", async () => {
    await goTo(page, "records?topic=telemetry&key=by-hand&live=yes", "Records");
    await page.untilText("Waiting for the next record");
    await page.until("document.querySelector('.card .badge')?.innerText === 'live'", "that it is open");
    await page.press("Produce");
    await page.fill("Value", '{"level": 11.5}');
    await page.fill("Headers", "who: a hand");
    await page.ask("void document.querySelector('dialog [type=submit]').click()");
    await page.untilText("Stored in partition 0 at offset");
    await page.until(`document.querySelector('.record-value')?.innerText === '{"level":11.5}'`, "the record");
    expect(await page.ask<string>("document.querySelector('.record-key').innerText")).toBe("by-hand");
    await page.ask("void document.querySelector('.record summary').click()");
    await page.until("document.querySelector('.record .facts')?.innerText.includes('a hand')", "its header");
    expect(page.complaints).toEqual([]);
  });

  test("values are read in other ways", async () => {
    await goTo(page, "records?topic=telemetry&key=pump-1", "Records");
    await page.until("document.querySelector('.record-value')?.innerText.startsWith('{')", "JSON");
    await page.ask(`void ((field) => {
      field.value = "hex";
      field.dispatchEvent(new Event("change", { bubbles: true }));
    })([...document.querySelectorAll("select")].at(-1))`);
    await page.until("/^7b [0-9a-f ]+$/.test(document.querySelector('.record-value')?.innerText)", "hex");
    await page.ask("void document.querySelector('.record summary').click()");
    await page.until("/^000000  7b/.test(document.querySelector('.record pre')?.innerText)", "the dump");
  });

  test("the colours that are chosen stay", async () => {
    await page.setColours("light");
    const ground = "getComputedStyle(document.body).backgroundColor";
    const light = await page.ask<string>(ground);
    await page.press("Dark");
    const dark = await page.ask<string>(ground);
    expect(dark).not.toBe(light);
    await page.goto("about:blank");
    await page.goto(`${site.url}/#/overview`);
    await page.untilText("Everything serves");
    expect(await page.ask<string>(ground)).toBe(dark);
    await page.press("Colours of the system");
    expect(await page.ask<string>(ground)).toBe(light);
  });
}

function tenThousand(): void {
  test("are scrolled through with few rows in the page", async () => {
    await page.goto("about:blank");
    await page.goto(`${site.url}/#/devices`);
    await page.until("document.querySelectorAll('.long-row a').length > 5", "the first");
    const rows = () => page.ask<number>("document.querySelectorAll('.long-row').length");
    expect(await page.ask<number>("document.documentElement.scrollHeight")).toBeGreaterThan(MANY * 40);
    for (const part of [0.25, 0.5, 1]) {
      await page.ask(`void scrollTo(0, document.documentElement.scrollHeight * ${part})`);
      await page.until(
        "![...document.querySelectorAll('.long-row')].some((one) => one.querySelector('a') === null)",
        "the rows there",
      );
      expect(await rows()).toBeLessThan(60);
    }
    await page.untilText("pump-9");
    expect(page.complaints).toEqual([]);
  });

  test("are found by their names", async () => {
    await page.ask("void scrollTo(0, 0)");
    await page.ask("void document.querySelector('input[type=search]').focus()");
    await page.send("Input.insertText", { text: nameOf(MANY - 1) });
    await page.until(
      `document.querySelectorAll('.long-row').length === 1 && document.querySelector('.long-row a')?.innerText === "${nameOf(MANY - 1)}"`,
      "the one",
    );
  });
}
