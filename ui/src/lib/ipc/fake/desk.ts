/** The desktop around the toy world: its preferences are kept as long as the page lives. */
import type { Scene } from "../fake";
import type { Desk, DeviceEntry, Preferences, Settings } from "../types";
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
      countries: ["BR", "US", "AR", "MX", "GB", "DE", "FR", "ES", "PT"],
    };
  }

  keep(preferences: Preferences): Promise<void> {
    this.#preferences = preferences;
    return Promise.resolve();
  }
}

export function toyBoxes(ports: number): DeviceEntry[] {
  return [
    { choice: { kind: "serial", path: "/dev/ttyACM0" }, name: "Loopstart FXO-2", usb: "1209:1f10", serial: "LS2-00417", known: true, chosen: false },
    { choice: { kind: "serial", path: "/dev/ttyS0" }, name: "/dev/ttyS0", usb: "", serial: "", known: false, chosen: false },
    { choice: { kind: "virtual", ports: Math.max(2, ports) }, name: "virtual", usb: "", serial: "", known: true, chosen: ports > 0 },
  ];
}

/** The settings of a gateway that nobody has configured. */
export function untouchedSettings(ports: number): Settings {
  const { gateway, ports: known } = firstSettings(ports);
  return {
    gateway: { ...gateway, mode: "sip_server", remote_server: "" },
    ports: known.map((port) => ({ ...port, name: "", user: "", secret: "", target: "", only_from_host: "" })),
  };
}
