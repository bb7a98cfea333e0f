import { afterAll, beforeAll, expect, test } from "bun:test";
import { run } from "./support.ts";

const ENTRY = {
  ...{ id: "0:1", atMs: Date.UTC(2026, 0, 31, 12), toMs: Date.UTC(2026, 0, 31, 12), count: 1, isSum: false },
  ...{
    kind: "change",
    user: "anna",
    door: "kafka",
    address: "192.0.2.7",
    port: 9093,
    action: "topic.create",
  },
  ...{ resource: "topic orders", result: "success", reason: null, detail: null },
};
const FAILED = {
  ...{
    ...ENTRY,
    id: "1:7",
    atMs: ENTRY.atMs - 60_000,
    count: 31,
    isSum: true,
    user: "\u001b[2J",
    port: null,
  },
  ...{ address: null, action: "login", resource: null, result: "failure", reason: "wrong-password" },
};
const LATER = { ...ENTRY, id: "0:2", resource: "topic parts" };

const asked: string[] = [];
let hasLater = false;
let server: Bun.Server<undefined>;
let address = "";

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { pathname, search, searchParams } = new URL(request.url);
      asked.push(`${pathname}${search}`);
      if (searchParams.get("user") === "nobody") return Response.json({ entries: [], next: null });
      if (searchParams.has("before")) return Response.json({ entries: [FAILED], next: null });
      const entries = hasLater ? [LATER, ENTRY] : [ENTRY];
      return Response.json({ entries, next: "/api/audit?before=0.7" });
    },
  });
  address = `127.0.0.1:${server.port}`;
});

afterAll(() => server.stop(true));

const audit = (args: readonly string[], given = {}) => run(["audit", ...args, "--http", address], given);

test("the newest is the last line, and names can't move the cursor", async () => {
  const { code, out } = await audit([]);
  expect(code).toBe(0);
  const [head, failed, created] = out.split("\n");
  expect(head).toMatch(/^TIME +WHO +FROM +DOOR +DID +WITH +RESULT +COUNT$/);
  expect(failed).toMatch(
    /^2026-01-31T11:59:00.000Z +"\\u001b\[2J" +- +kafka +login +- +failure \(wrong-password\) +31\+$/,
  );
  expect(created).toMatch(
    /^2026-01-31T12:00:00.000Z +anna +192\.0\.2\.7 +kafka:9093 +topic\.create +topic orders +success +1$/,
  );
});

test("it asks for what is wanted, and no more", async () => {
  asked.length = 0;
  expect((await audit(["-n", "1", "--by", "anna", "--action", "topic", "-o", "json"])).out).toBe(
    `${JSON.stringify(ENTRY)}\n`,
  );
  await audit(["--since", "2026-01-31T11:00Z"]);
  expect(asked).toEqual([
    "/api/audit?limit=1&user=anna&action=topic",
    `/api/audit?limit=1000&since=${Date.UTC(2026, 0, 31, 11)}`,
    "/api/audit?before=0.7",
  ]);
  expect((await audit(["--by", "nobody"])).out).toBe("nothing of that kind was done\n");
  for (const args of [
    ["-n", "0"],
    ["-n", "x"],
    ["--since", "yesterday"],
  ]) {
    expect((await audit(args)).code).toBe(2);
  }
});

test("what is followed is shown once", async () => {
  const end = Promise.withResolvers<string>();
  let lines = "";
  const done = audit(["-f", "-o", "json"], {
    interrupted: end.promise,
    onOut: (text: string) => {
      lines += text;
      if (lines.includes("parts")) end.resolve("SIGINT");
      hasLater = lines.includes("orders");
    },
  });
  expect((await done).code).toBe(0);
  const ids = lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).id);
  expect(ids).toEqual(["1:7", "0:1", "0:2"]);
});
