/** What the window asks of the program about the sound that is kept with calls. */
import type { Outcome } from "./backend";
import type { ExportError, KeptSound, Lesson, LessonError, PortId, ToneProof } from "./types";

export interface Sounds {
  /** The last seconds heard on the line of a call; `null` when they are not kept. */
  of(call: string): Promise<KeptSound | null>;
  /** Asks a person where a WAV file shall be; `null` when they think better of it. */
  choosePath(name: string): Promise<string | null>;
  /** Writes the sound of a call to a WAV file. */
  save(call: string, path: string): Promise<Outcome<null, ExportError>>;
  /** Learns the tone at the end of a call. */
  learn(call: string): Promise<Outcome<Lesson, LessonError>>;
  /** Lets a tone listen to the kept calls of a port and to `clips` of ten minutes of what is no tone. */
  prove(port: PortId, text: string, clips: number, progress: (told: ToneProof) => void): Promise<Outcome<ToneProof, LessonError>>;
  /** Ends the proof that is under way. */
  cancelProof(): Promise<void>;
}
