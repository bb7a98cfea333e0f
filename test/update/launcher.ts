import type { Disk } from "../../src/io/disk.ts";
import type { Launch } from "../../src/update/settling.ts";
import { nextStart, readChosen } from "../../src/update/slots.ts";

/** What gateway/systemd/launch does to the folder of the slots, on any disk; slots.test.ts holds the two beside each other. */
export function launch(disk: Disk, slots: string, packagedOrder: string): Launch {
  const next = nextStart(disk, slots, packagedOrder);
  const chosen = readChosen(disk, slots);
  const seen = chosen?.attempt ?? null;
  if (next.attempt !== null) {
    disk.replaceFile(`${slots}/tried`, new TextEncoder().encode(`${next.attempt} ${next.tried + 1}\n`));
    return { slot: next.runs, attempt: next.attempt, seen, packagedOrder };
  }
  if (chosen !== null) {
    const bytes = disk.readFile(`${slots}/starts`, 4096);
    const starts = Number.parseInt(new TextDecoder().decode(bytes ?? undefined), 10) || 0;
    disk.remove(`${slots}/starts`);
    const text = new TextEncoder().encode(`${starts + 1}\n`);
    const file = disk.createFile(`${slots}/starts`, text.length);
    file.write(0, text);
    file.close();
  }
  return { slot: next.runs, attempt: null, seen, packagedOrder };
}
