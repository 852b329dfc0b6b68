/** The kept sounds of the real program. */
import { Refused, type Outcome } from "../backend";
import { commands, events } from "../bindings";
import type { Sounds } from "../sounds";
import type { ExportError, KeptSound, Lesson, LessonError, PortId, ToneProof } from "../types";

export class TauriSounds implements Sounds {
  async of(call: string): Promise<KeptSound | null> {
    const answer = await commands.callSound(call);
    if (answer.status === "error") throw new Refused(answer.error);
    return answer.data;
  }

  choosePath(name: string): Promise<string | null> {
    return commands.chooseWavPath(name);
  }

  async save(call: string, path: string): Promise<Outcome<null, ExportError>> {
    const answer = await commands.saveCallSound(call, path);
    return answer.status === "ok" ? { ok: true, value: null } : { ok: false, refusal: answer.error };
  }

  async learn(call: string): Promise<Outcome<Lesson, LessonError>> {
    const answer = await commands.learnTone(call);
    return answer.status === "ok" ? { ok: true, value: answer.data } : { ok: false, refusal: answer.error };
  }

  async prove(port: PortId, text: string, clips: number, progress: (told: ToneProof) => void): Promise<Outcome<ToneProof, LessonError>> {
    const end = await events.toneProofEvent.listen(({ payload }) => progress(payload));
    try {
      const answer = await commands.proveTone(port, text, clips);
      return answer.status === "ok" ? { ok: true, value: answer.data } : { ok: false, refusal: answer.error };
    } finally {
      end();
    }
  }

  async cancelProof(): Promise<void> {
    await commands.cancelProof();
  }
}
