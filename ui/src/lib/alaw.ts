/** The sound that is kept with a call: A-law (ITU-T G.711) at 8 kHz, as samples and as levels. */

export const SAMPLES_PER_S = 8000;

/** What a level says of samples that are all zero. */
export const SILENCE_DBM0 = -99;

/** Level of a sine whose peak is full scale (ITU-T G.711, A-law). */
const FULL_SCALE_DBM0 = 3.14;
const FULL_SCALE = 32767;

/** Every second bit of a code travels inverted. */
const EVEN_BITS = 0x55;

/** The 16 bit linear sample of an A-law code. */
export function linearOf(code: number): number {
  const bits = code ^ EVEN_BITS;
  const segment = (bits >> 4) & 7;
  const step = (bits & 15) << 4;
  const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return (bits & 0x80) === 0 ? -magnitude : magnitude;
}

const LINEAR = Int16Array.from({ length: 256 }, (_, code) => linearOf(code));

/** The samples of A-law codes in base64. */
export function samplesOf(alaw_base64: string): Int16Array {
  const codes = atob(alaw_base64);
  return Int16Array.from(codes, (code) => LINEAR[code.charCodeAt(0)] ?? 0);
}

/** The level in dBm0 of the samples from one place to another. */
export function levelDbm0(samples: Int16Array, from: number, until: number): number {
  let energy = 0;
  for (let at = from; at < until; at += 1) energy += (samples[at] ?? 0) ** 2;
  if (energy === 0) return SILENCE_DBM0;
  const meanSquare = energy / (until - from);
  return Math.max(SILENCE_DBM0, 10 * Math.log10(meanSquare / (FULL_SCALE ** 2 / 2)) + FULL_SCALE_DBM0);
}

/** The levels of so many stretches of the same length, in dBm0. */
export function levelsDbm0(samples: Int16Array, stretches: number): number[] {
  const place = (n: number): number => Math.floor((n * samples.length) / stretches);
  return Array.from({ length: stretches }, (_, n) => levelDbm0(samples, place(n), place(n + 1)));
}
