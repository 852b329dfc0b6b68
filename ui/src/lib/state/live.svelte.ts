/** The live picture of the gateway, as the program tells it. */
import type { Backend } from "../ipc/backend";
import type { Boot, DeviceStatus, ExchangeLine, Notice, PortView, Snapshot } from "../ipc/types";
import { clock } from "./clock.svelte";
import { traces } from "./traces.svelte";

/** How many notices the window keeps; the oldest go first. */
export const KEPT_NOTICES = 500;
/** How far back a notice may stand that is told twice. */
const TOLD_TWICE = 8;

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
    this.notices = boot.notices.slice(-KEPT_NOTICES);
    clock.start(boot.started_epoch_ms);
    const { snapshot, exchange, device } = boot.picture;
    this.show(snapshot, exchange, device);
  }

  show(snapshot: Snapshot, exchange: readonly ExchangeLine[] | null, device: DeviceStatus): void {
    this.snapshot = snapshot;
    this.exchange = exchange;
    this.device = device;
    clock.follow(snapshot.now_ms);
    traces.note(snapshot);
  }

  tell(notice: Notice): void {
    // One that came while the program answered the first question is told once more.
    if (this.notices.slice(-TOLD_TWICE).some((known) => JSON.stringify(known) === JSON.stringify(notice))) return;
    this.notices = [...this.notices, notice].slice(-KEPT_NOTICES);
  }
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
