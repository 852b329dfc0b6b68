/** What the window asks of the program about calls that are over. */
import type { Outcome } from "./backend";
import type { CallerIdVerdict, CallQuery, CallWindow, CsvOptions, ExportError, ExportProgress, PortId, StoredRecord } from "./types";

export interface History {
  /** The calls that a query finds, from place `first` on, newest first. `upTo`: the `newest` of the first window; `null`: all. */
  window(query: CallQuery, upTo: number | null, first: number, count: number): Promise<CallWindow>;
  /** One call; `null` when it is not kept any more. */
  call(id: string): Promise<StoredRecord | null>;
  /** Whether the line of a port sends caller ID, by its last incoming calls. */
  callerIdVerdict(port: PortId): Promise<CallerIdVerdict>;
  /** Deletes the calls that a query finds, and answers how many. */
  forget(query: CallQuery, upTo: number): Promise<number>;
  /** Asks a person where a file shall be; `null` when they think better of it. */
  choosePath(name: string): Promise<string | null>;
  /** Writes the calls that a query finds to a file, and answers how many. */
  export(query: CallQuery, path: string, options: CsvOptions, progress: (told: ExportProgress) => void): Promise<Outcome<number, ExportError>>;
  /** Ends the export that is under way. */
  cancelExport(): Promise<void>;
  /** From now on, tells when a new call can be read. The returned function ends it. */
  listen(kept: () => void): () => void;
}
