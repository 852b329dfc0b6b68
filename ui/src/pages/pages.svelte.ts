/** The pages of the window. The overview is there from the start; the others are read when the ports have been painted, or when one is asked for. */
import type { Component } from "svelte";

import { PAGES, type PageName } from "../lib/state/route.svelte";
import Overview from "./Overview.svelte";

const READ: Record<Exclude<PageName, "overview">, () => Promise<{ default: Component }>> = {
  users_and_ports: () => import("./UsersAndPorts.svelte"),
  sip: () => import("./Sip.svelte"),
  lines: () => import("./Lines.svelte"),
  audio: () => import("./Audio.svelte"),
  devices: () => import("./Devices.svelte"),
  calls: () => import("./Calls.svelte"),
  profiles: () => import("./Profiles.svelte"),
  diagnostics: () => import("./Diagnostics.svelte"),
  about: () => import("./About.svelte"),
};

class Pages {
  #bodies: Partial<Record<PageName, Component>> = $state.raw({ overview: Overview });

  /** The page, as soon as it has been read. */
  body(page: PageName): Component | undefined {
    return this.#bodies[page];
  }

  async read(page: PageName): Promise<void> {
    if (page === "overview" || this.#bodies[page]) return;
    const { default: body } = await READ[page]();
    this.#bodies = { ...this.#bodies, [page]: body };
  }

  async readAll(): Promise<void> {
    await Promise.all(PAGES.map(({ name }) => this.read(name)));
  }
}

export const pages = new Pages();
