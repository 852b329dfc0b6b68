/** The desktop around the toy world: its preferences are kept as long as the page lives. */
import type { Scene } from "../fake";
import type { Desk, Preferences, Settings } from "../types";
import { firstSettings } from "./settings";

const PREFERENCES: Preferences = {
  close_to_tray: null,
  start_hidden: false,
  notify: { registration: true, line: true, device: true, stuck: true, asleep: true },
  keep_awake: "during_calls",
  guide_done: false,
  tray_told: false,
};

export class ToyDesk {
  #preferences: Preferences = PREFERENCES;

  constructor(readonly scene: Scene) {}

  view(untouched: boolean): Desk {
    return {
      preferences: this.#preferences,
      damaged: this.scene === "trouble",
      tray: this.scene !== "trouble",
      returns: true,
      battery: this.scene !== "quiet",
      never_applied: this.scene === "first" && untouched,
      data_dir: "/home/ana/.local/share/loopstart",
      lan_address: "192.168.0.20",
    };
  }

  keep(preferences: Preferences): Promise<void> {
    this.#preferences = preferences;
    return Promise.resolve();
  }
}

/** The settings of a gateway that nobody has configured. */
export function untouchedSettings(ports: number): Settings {
  const { gateway, ports: known } = firstSettings(ports);
  return {
    gateway: { ...gateway, mode: "sip_server", remote_server: "" },
    ports: known.map((port) => ({ ...port, name: "", user: "", secret: "", target: "", only_from_host: "" })),
  };
}
