/** What the window asks of the program about line tests that are over. */
import type { Outcome } from "./backend";
import type { ExportError, PortId, StoredLineTest } from "./types";

export interface LineTests {
  /** The newest tests of a port first, at most `count`. */
  of(port: PortId, count: number): Promise<StoredLineTest[]>;
  /** Asks a person where the file shall be; `null` when they think better of it. */
  choosePath(name: string): Promise<string | null>;
  /** Writes a test to a file; `words`: those of the codes in it. */
  export(id: string, path: string, words: Record<string, string>): Promise<Outcome<null, ExportError>>;
}
