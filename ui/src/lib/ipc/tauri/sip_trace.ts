/** The SIP messages of the real program. */
import { Refused, type Outcome } from "../backend";
import { commands } from "../bindings";
import type { SipMessages } from "../sip_trace";
import type { SipTrace, SipTraceQuery, TraceExportError } from "../types";

export class TauriSipMessages implements SipMessages {
  async ask(query: SipTraceQuery): Promise<SipTrace> {
    const answer = await commands.sipTrace(query);
    if (answer.status === "error") throw new Refused(answer.error);
    return answer.data;
  }

  choosePath(name: string): Promise<string | null> {
    return commands.placeTrace(name);
  }

  async export(path: string, remark: string, numbers: readonly number[]): Promise<Outcome<number, TraceExportError>> {
    const answer = await commands.exportSipTrace(path, remark, [...numbers]);
    return answer.status === "ok" ? { ok: true, value: answer.data } : { ok: false, refusal: answer.error };
  }
}
