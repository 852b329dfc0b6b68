/** The line tests of the real program. */
import { Refused, type Outcome } from "../backend";
import { commands } from "../bindings";
import type { LineTests } from "../line_tests";
import type { ExportError, PortId, StoredLineTest } from "../types";

export class TauriLineTests implements LineTests {
  async of(port: PortId, count: number): Promise<StoredLineTest[]> {
    const answer = await commands.lineTests(port, count);
    if (answer.status === "error") throw new Refused(answer.error);
    return answer.data;
  }

  choosePath(name: string): Promise<string | null> {
    return commands.chooseLineTestPath(name);
  }

  async export(id: string, path: string, words: Record<string, string>): Promise<Outcome<null, ExportError>> {
    const answer = await commands.exportLineTest(id, path, words);
    return answer.status === "ok" ? { ok: true, value: null } : { ok: false, refusal: answer.error };
  }
}
