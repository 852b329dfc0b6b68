/** Orders of a person to the program. What it refuses is told over the page; nobody else waits for the answer. */
import type { Backend } from "./ipc/backend";
import type { Command, DeviceChoice, LineAct, PortId } from "./ipc/types";
import { complaint } from "./state/complaint.svelte";
import { live } from "./state/live.svelte";
import { locale } from "./state/locale.svelte";
import { deviceErrorWords } from "./words";

/** Does something with a call or a port. */
export function order(command: Command): void {
  give("order.refused", (backend) => backend.command(command));
}

/** Does something on a line of the virtual exchange. */
export function actOnLine(port: PortId, act: LineAct): void {
  give("order.refused", (backend) => backend.exchange(port, act));
}

export function useBox(choice: DeviceChoice): void {
  give("devices.refused", (backend) => backend.chooseDevice(choice));
}

function give(refused: "order.refused" | "devices.refused", ask: (backend: Backend) => Promise<void>): void {
  if (!live.backend) return;
  ask(live.backend).catch((error: unknown) => complaint.tell(locale.words.t(refused, { reason: deviceErrorWords(locale.words, error) })));
}
