/** What the proof of a tone found, as a person reads it. */
import type { Words } from "../i18n";
import type { LearnedTone, LessonError, ToneProof, ToneRow } from "./ipc/types";

/** What a proof listens to beside the calls of the line, in the order in which its figures stand. */
export const CORPUS_KINDS = ["speech", "music", "machines"] as const;

/** A call that the tone would have ended, once for all its moments. */
export interface ProofEnd {
  call: string;
  /** The first of the moments. */
  at_ms: number;
  /** Somebody spoke on: it would have been wrong. */
  speaksOn: boolean;
}

/** The calls that would have been ended; those that went on first. */
export function proofEnds({ ended }: ToneProof): ProofEnd[] {
  const ends = new Map<string, ProofEnd>();
  for (const { call, end } of ended) {
    const known = ends.get(call);
    if (known) known.speaksOn ||= end.speaks_on;
    else ends.set(call, { call, at_ms: end.at_ms, speaksOn: end.speaks_on });
  }
  return [...ends.values()].sort((one, other) => Number(other.speaksOn) - Number(one.speaksOn));
}

/** Times that a call which goes on would have been ended: in what is no tone, and in the calls of the line. */
export function falseEnds(proof: ToneProof): number {
  return proof.false_ends.reduce((sum, ends) => sum + ends, 0) + proofEnds(proof).filter(({ speaksOn }) => speaksOn).length;
}

/** "0 quedas falsas em 4,0 h de fala, música e fax, e em 12 chamadas desta linha". */
export function proofWords(words: Words, proof: ToneProof): string {
  const count = falseEnds(proof);
  const minutes = proof.minutes.reduce((sum, some) => sum + some, 0);
  const hours = new Intl.NumberFormat(words.language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(minutes / 60);
  const ends = count === 0 ? words.t("sounds.false_ends.none") : words.n("sounds.false_ends", count);
  const calls = proof.calls === 0 ? words.t("sounds.line_calls.none") : words.n("sounds.line_calls", proof.calls);
  return words.t("sounds.proved", { ends, hours, calls });
}

/** The tone as a plan of tones lists it. */
export function toneRow({ frequencies_hz, cadence_ms, level_dbm0 }: LearnedTone): ToneRow {
  return { frequencies_hz, cadence_ms, level_dbm0 };
}

/** Why nothing was learned, or proved; `null`: the program did not answer. */
export function lessonWords(words: Words, error: LessonError | null): string {
  if (error === null) return words.code("store", "unanswered");
  if (error.kind === "nothing") return words.code("sounds.fault", error.fault);
  if (error.kind === "store") return words.code("store", error.error.code);
  return words.code("sounds.error", error.kind);
}

/** A moment in a sound, or its length: "12,4 s". */
export function momentWords(words: Words, ms: number): string {
  const format = new Intl.NumberFormat(words.language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return words.t("plan.seconds", { n: format.format(ms / 1000) });
}
