import type { AnnouncementParts } from "./announcement.ts";

/** Announcement of a gateway where that is asked for; where it is not, none of it is read into memory. */
export class LateAnnouncement {
  #running: { stop(): void } | null = null;
  #stopped = false;

  constructor(parts: AnnouncementParts) {
    if (parts.settings["mdns.announce"]) void this.#start(parts);
  }

  stop(): void {
    this.#stopped = true;
    this.#running?.stop();
  }

  async #start(parts: AnnouncementParts): Promise<void> {
    const { announce } = await import("./announcement.ts");
    if (!this.#stopped) this.#running = announce(parts);
  }
}
