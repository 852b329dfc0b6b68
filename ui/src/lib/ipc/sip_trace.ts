/** What the window asks of the program about SIP messages that came and went. */
import type { Outcome } from "./backend";
import type { SipTrace, SipTraceQuery, TraceExportError } from "./types";

export interface SipMessages {
  /** The messages that are asked for. They may hold numbers and names of callers, and no secrets. */
  ask(query: SipTraceQuery): Promise<SipTrace>;
  /** Asks a person where they shall be saved; `null` when they think better of it. */
  choosePath(name: string): Promise<string | null>;
  /** Writes those of these messages that are still kept to a file that begins with `remark`, and answers how many. */
  export(path: string, remark: string, numbers: readonly number[]): Promise<Outcome<number, TraceExportError>>;
}
