/** The live picture of the gateway, as the program tells it. */
import type { Backend } from "../ipc/backend";
import type { Boot, DeviceStatus, ExchangeLine, Notice, PortView, Snapshot } from "../ipc/types";
import { clock } from "./clock.svelte";
import { traces } from "./traces.svelte";

/** How many notices the window keeps; the oldest go first. */
export const KEPT_NOTICES = 500;

class Live {
  version: string = $state("");
  snapshot: Snapshot | null = $state.raw(null);
  notices: readonly Notice[] = $state.raw([]);
  /** The lines of the virtual exchange; `null` when the box is a real one. */
  exchange: readonly ExchangeLine[] | null = $state.raw(null);
  /** The chosen box and how it is doing. */
  device: DeviceStatus | null = $state.raw(null);
  backend: Backend | null = $state.raw(null);

  ports: readonly PortView[] = $derived(this.snapshot?.ports ?? []);
  /** Calls that are up. */
  calls: number = $derived(this.ports.filter(({ call }) => call !== null).length);
  registration: { n: number; total: number } | null = $derived(registrations(this.ports));

  begin(backend: Backend, boot: Boot): void {
    this.backend = backend;
    this.version = boot.version;
    this.notices = joined(boot.notices, this.notices).slice(-KEPT_NOTICES);
    clock.start(boot.started_epoch_ms);
    // A picture that came while the program answered is newer.
    if (!this.snapshot || this.snapshot.now_ms <= boot.snapshot.now_ms) this.show(boot.snapshot, boot.exchange, boot.device);
  }

  show(snapshot: Snapshot, exchange: readonly ExchangeLine[] | null, device: DeviceStatus): void {
    this.snapshot = snapshot;
    this.exchange = exchange;
    this.device = device;
    clock.follow(snapshot.now_ms);
    traces.note(snapshot);
  }

  tell(notice: Notice): void {
    this.notices = [...this.notices, notice].slice(-KEPT_NOTICES);
  }
}

/** What the program remembers, and after it what it told in the meantime. */
function joined(remembered: readonly Notice[], told: readonly Notice[]): readonly Notice[] {
  const known = new Set(remembered.map((notice) => JSON.stringify(notice)));
  return [...remembered, ...told.filter((notice) => !known.has(JSON.stringify(notice)))];
}

/** How many of the registrations that there should be are there; `null` where the mode has none. */
export function registrations(ports: readonly PortView[]): { n: number; total: number } | null {
  const kinds = ports.map((port) => port.registration).filter((registration) => registration.kind !== "none");
  if (kinds.length === 0) return null;
  const n = kinds.filter(
    (registration) => registration.kind === "registered" || (registration.kind === "server" && registration.contacts.length > 0),
  ).length;
  return { n, total: kinds.length };
}

export const live = new Live();
