/** The last call of every port: of this run where there was one, else of the history. */
import { NO_FILTERS, queryOf } from "../calls";
import type { History } from "../ipc/history";
import type { CallRecord, PortId, PortView, StoredRecord } from "../ipc/types";
import { clock } from "./clock.svelte";

export type LastCall = Pick<StoredRecord, "id" | "direction" | "from" | "to" | "cause" | "evidence" | "sip_status"> & {
  started: Date;
  /** `null`: it was not answered. */
  talked_ms: number | null;
};

/** How far back in the history the last call of a port is looked for. */
const LOOKED_THROUGH = 100;

class LastCalls {
  #before: ReadonlyMap<PortId, LastCall> = $state.raw(new Map());

  async begin(history: History): Promise<void> {
    this.#before = new Map();
    // A history that cannot be read is the subject of the page of calls; the cards do without.
    const window = await history.window(queryOf(NO_FILTERS, new Date()), null, 0, LOOKED_THROUGH).catch(() => null);
    const before = new Map<PortId, LastCall>();
    for (const record of window?.calls ?? []) if (!before.has(record.port)) before.set(record.port, stored(record));
    this.#before = before;
  }

  of({ port, last }: PortView): LastCall | null {
    return last ? fresh(last) : (this.#before.get(port) ?? null);
  }
}

function fresh(record: CallRecord): LastCall {
  return {
    ...record,
    started: clock.date(record.started_ms),
    talked_ms: record.answered_ms === null ? null : record.ended_ms - record.answered_ms,
  };
}

function stored(record: StoredRecord): LastCall {
  return {
    ...record,
    started: new Date(record.started_at_ms),
    talked_ms: record.answered_at_ms === null ? null : record.ended_at_ms - record.answered_at_ms,
  };
}

export const lastCalls = new LastCalls();
