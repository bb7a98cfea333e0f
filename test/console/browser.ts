import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const START_MS = 40_000;
const END_MS = 5_000;
/** Until something is there that has to come. */
const WAIT_MS = 20_000;
const LOOK_AGAIN_MS = 20;

const OPTIONS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
];

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** A Chromium without a window, driven by its DevTools protocol. */
export class Browser {
  readonly #process: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, PromiseWithResolvers<Readonly<Record<string, unknown>>>>();
  readonly #pages = new Map<string, Page>();
  #lastId = 0;

  private constructor(
    process: Bun.Subprocess<"ignore", "ignore", "pipe">,
    profile: string,
    socket: WebSocket,
  ) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(String(data)) as Message);
  }

  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "headwater-console-browser-"));
    const started = Bun.spawn(["chromium", ...OPTIONS, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const socket = new WebSocket(await addressOf(started));
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error("the browser can't be driven"));
    });
    return new Browser(started, profile, socket);
  }

  /** A page with cookies and storage of its own. */
  async open(): Promise<Page> {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, String(sessionId), String(browserContextId));
    this.#pages.set(String(sessionId), page);
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
    return page;
  }

  send(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    sessionId?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    this.#answers.set(id, answer);
    this.#socket.send(
      JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }),
    );
    return answer.promise;
  }

  async stop(): Promise<void> {
    this.#socket.close();
    this.#process.kill("SIGTERM");
    const forced = setTimeout(() => this.#process.kill("SIGKILL"), END_MS);
    await this.#process.exited;
    clearTimeout(forced);
    // Its helpers may still be writing for a moment.
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  #take({ id, method, sessionId, params = {}, result = {}, error }: Message): void {
    if (id === undefined) {
      if (method !== undefined && sessionId !== undefined) this.#pages.get(sessionId)?.hear(method, params);
      return;
    }
    const answer = this.#answers.get(id);
    this.#answers.delete(id);
    if (error === undefined) answer?.resolve(result);
    else answer?.reject(new Error(error.message));
  }
}

/** Where a browser that has just been started can be driven. */
async function addressOf(started: Bun.Subprocess<"ignore", "ignore", "pipe">): Promise<string> {
  const late = setTimeout(() => started.kill("SIGKILL"), START_MS);
  const decoder = new TextDecoder();
  let said = "";
  for await (const chunk of started.stderr) {
    said += decoder.decode(chunk, { stream: true });
    const [, address] = /DevTools listening on (\S+)/.exec(said) ?? [];
    if (address === undefined) continue;
    clearTimeout(late);
    return address;
  }
  throw new Error(`the browser has ended: ${said.slice(-2_000)}`);
}

/** How a key is sent that writes nothing, or a line's end. */
const KEYS: Readonly<
  Record<string, { readonly code: string; readonly number: number; readonly text?: string }>
> = {
  Tab: { code: "Tab", number: 9 },
  Enter: { code: "Enter", number: 13, text: "\r" },
  Escape: { code: "Escape", number: 27 },
  ArrowDown: { code: "ArrowDown", number: 40 },
};
const SHIFT = 8;

export class Page {
  /** What the page complained of: errors in the console, exceptions, what its policy forbids. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #session: string;
  readonly #context: string;

  constructor(browser: Browser, session: string, context: string) {
    this.#browser = browser;
    this.#session = session;
    this.#context = context;
  }

  send(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    return this.#browser.send(method, params, this.#session);
  }

  async close(): Promise<void> {
    await this.#browser.send("Target.disposeBrowserContext", { browserContextId: this.#context });
  }

  hear(method: string, params: Readonly<Record<string, unknown>>): void {
    if (method === "Runtime.exceptionThrown") this.complaints.push(`exception: ${JSON.stringify(params)}`);
    if (method === "Runtime.consoleAPICalled" && (params.type === "error" || params.type === "warning")) {
      this.complaints.push(`console: ${JSON.stringify(params.args)}`);
    }
    if (method === "Log.entryAdded") {
      const { level, text, url = "" } = params.entry as Readonly<Record<string, string>>;
      if (level === "error" || level === "warning") this.complaints.push(`${level}: ${text} ${url}`);
    }
  }

  async resize(width: number, height: number): Promise<void> {
    const screen = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
    await this.send("Emulation.setDeviceMetricsOverride", screen);
  }

  async setColours(scheme: "light" | "dark"): Promise<void> {
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.send("Emulation.setEmulatedMedia", { features });
  }

  async goto(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
  }

  /** The value of an expression in the page; promises are waited for. */
  async ask<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      ...{ expression, awaitPromise: true, returnByValue: true },
    });
    if (exceptionDetails !== undefined) {
      throw new Error(`${expression}: ${JSON.stringify(exceptionDetails).slice(0, 600)}`);
    }
    return (result as { readonly value: T }).value;
  }

  /** Waits until an expression is true in the page. */
  async until(expression: string, what = expression): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      // Between two documents there is none to ask.
      if (await this.ask<boolean>(`Boolean(${expression})`).catch(() => false)) return;
      if (Date.now() > deadline) {
        const seen = await this.ask<string>("document.body.innerText").catch(String);
        throw new Error(`${what}: did not come. The page shows:\n${seen.slice(0, 1_500)}`);
      }
      await Bun.sleep(LOOK_AGAIN_MS);
    }
  }

  /** Waits for a text. */
  async untilText(text: string): Promise<void> {
    await this.until(`document.body.innerText.includes(${JSON.stringify(text)})`, `the text "${text}"`);
  }

  /** Presses the control of that name. */
  async press(name: string): Promise<void> {
    const find = `[...document.querySelectorAll("button, a, summary")].find((one) =>
      !one.disabled && (one.getAttribute("aria-label") ?? one.innerText).trim() === ${JSON.stringify(name)})`;
    await this.until(find, `the control "${name}"`);
    await this.ask(`void (${find}).click()`);
  }

  /** Puts a text into the field of that label, as somebody who types. */
  async fill(label: string, text: string): Promise<void> {
    const find = `[...document.querySelectorAll("label")].find((one) => one.innerText.trim() === ${JSON.stringify(label)})?.control`;
    await this.until(find, `the field "${label}"`);
    await this.ask(`void ((field) => { field.focus(); field.select?.(); })(${find})`);
    await this.send("Input.insertText", { text });
  }

  async key(name: string, shift = false): Promise<void> {
    const { code, number, text } = KEYS[name] ?? { code: name, number: 0 };
    const shared = { key: name, code, windowsVirtualKeyCode: number, modifiers: shift ? SHIFT : 0 };
    const down = text === undefined ? { type: "rawKeyDown" } : { type: "keyDown", text };
    await this.send("Input.dispatchKeyEvent", { ...shared, ...down });
    await this.send("Input.dispatchKeyEvent", { ...shared, type: "keyUp" });
  }

  /** What has the focus, in words. */
  focused(): Promise<string> {
    return this.ask<string>(
      "((one) => (one?.getAttribute('aria-label') ?? one?.innerText ?? '').trim() || one?.id || one?.tagName)(document.activeElement)",
    );
  }

  /** What is seen of the page, as WebP. */
  async picture(): Promise<Uint8Array> {
    const { data } = await this.send("Page.captureScreenshot", { format: "webp", quality: 85 });
    return Uint8Array.fromBase64(String(data));
  }
}
