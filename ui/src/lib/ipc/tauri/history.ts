/** The call history of the real program. */
import { Refused, type Outcome } from "../backend";
import { commands, events } from "../bindings";
import type { History } from "../history";
import type { TauriNews } from "./news";
import type { CallerIdVerdict, CallQuery, CallWindow, CsvOptions, ExportError, ExportProgress, PortId, StoredRecord } from "../types";

export class TauriHistory implements History {
  readonly #news: TauriNews;

  constructor(news: TauriNews) {
    this.#news = news;
  }

  async window(query: CallQuery, upTo: number | null, first: number, count: number): Promise<CallWindow> {
    const answer = await commands.calls(query, upTo, first, count);
    if (answer.status === "error") throw new Refused(answer.error);
    return answer.data;
  }

  async call(id: string): Promise<StoredRecord | null> {
    const answer = await commands.call(id);
    if (answer.status === "error") throw new Refused(answer.error);
    return answer.data;
  }

  async callerIdVerdict(port: PortId): Promise<CallerIdVerdict> {
    const answer = await commands.callerIdVerdict(port);
    if (answer.status === "error") throw new Refused(answer.error);
    return answer.data;
  }

  async forget(query: CallQuery, upTo: number): Promise<number> {
    const answer = await commands.forgetCalls(query, upTo);
    if (answer.status === "error") throw new Refused(answer.error);
    return answer.data;
  }

  choosePath(name: string): Promise<string | null> {
    return commands.chooseCsvPath(name);
  }

  async export(query: CallQuery, path: string, options: CsvOptions, progress: (told: ExportProgress) => void): Promise<Outcome<number, ExportError>> {
    const end = await events.exportProgressEvent.listen(({ payload }) => progress(payload));
    try {
      const answer = await commands.exportCalls(query, path, options);
      return answer.status === "ok" ? { ok: true, value: answer.data } : { ok: false, refusal: answer.error };
    } finally {
      end();
    }
  }

  async cancelExport(): Promise<void> {
    await commands.cancelExport();
  }

  listen(kept: () => void): () => void {
    return this.#news.whenKept(kept);
  }
}
