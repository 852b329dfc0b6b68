/** A sound that is played from any of its places, by WebAudio. Nothing plays before somebody asks. */
import { SAMPLES_PER_S } from "../alaw";

/** How often the place that is heard is told, in ms. */
const PACE_MS = 50;
/** An output that takes nothing for this long does not work. */
const PATIENCE_MS = 2000;
const FULL_SCALE = 32768;

export class Playback {
  readonly duration_s: number;
  playing: boolean = $state(false);
  /** The place that is heard, or that is heard first when it plays. */
  at_s: number = $state(0);
  /** There is no WebAudio here, or it does not work. */
  failed: boolean = $state(false);

  #context: AudioContext | null = null;
  #source: AudioBufferSourceNode | null = null;
  #ticking: ReturnType<typeof setInterval> | undefined;

  constructor(readonly samples: Int16Array) {
    this.duration_s = samples.length / SAMPLES_PER_S;
    this.failed = typeof AudioContext === "undefined";
  }

  /** Plays from the place where it is; from the beginning where it is at its end. */
  play(): void {
    this.#silence();
    if (this.at_s >= this.duration_s) this.at_s = 0;
    try {
      const context = (this.#context ??= new AudioContext());
      context.resume().catch(() => this.#fail());
      const source = context.createBufferSource();
      source.buffer = this.#buffer(context);
      source.connect(context.destination);
      source.onended = () => {
        if (source === this.#source) this.#end();
      };
      source.start(0, this.at_s);
      this.#source = source;
      this.playing = true;
      this.#follow(context, this.at_s);
    } catch {
      this.#fail();
    }
  }

  stop(): void {
    this.#silence();
  }

  toggle(): void {
    if (this.playing) this.stop();
    else this.play();
  }

  /** Goes to a place; what plays goes on from there. */
  seek(at_s: number): void {
    const { playing } = this;
    this.#silence();
    this.at_s = Math.min(this.duration_s, Math.max(0, at_s));
    if (playing && this.at_s < this.duration_s) this.play();
  }

  /** Lets the output of this computer go. */
  close(): void {
    this.#silence();
    void this.#context?.close().catch(() => undefined);
    this.#context = null;
  }

  #buffer(context: AudioContext): AudioBuffer {
    const buffer = context.createBuffer(1, Math.max(1, this.samples.length), SAMPLES_PER_S);
    buffer.copyToChannel(Float32Array.from(this.samples, (sample) => sample / FULL_SCALE), 0);
    return buffer;
  }

  /** Tells the place that is heard, by the clock of the output; one that stands still has failed. */
  #follow(context: AudioContext, from_s: number): void {
    const begun_s = context.currentTime;
    let [known_s, still_ms] = [begun_s, 0];
    this.#ticking = setInterval(() => {
      const now_s = context.currentTime;
      still_ms = now_s === known_s ? still_ms + PACE_MS : 0;
      known_s = now_s;
      this.at_s = Math.min(this.duration_s, from_s + now_s - begun_s);
      if (still_ms >= PATIENCE_MS) this.#fail();
    }, PACE_MS);
  }

  #end(): void {
    this.#silence();
    this.at_s = this.duration_s;
  }

  #fail(): void {
    this.#silence();
    this.failed = true;
  }

  #silence(): void {
    clearInterval(this.#ticking);
    const source = this.#source;
    this.#source = null;
    this.playing = false;
    source?.stop();
    source?.disconnect();
  }
}
