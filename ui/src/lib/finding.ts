/** Finding something by any of its names: with other accents, with words left out, with letters left out. Pure. */

/** A name, and how much a match of it counts: 1 for what a thing is called here, less for what only describes it. */
export interface Name {
  text: string;
  weight: number;
}

export interface Match {
  score: number;
  /** The name that matched best. */
  name: string;
}

/** How a match counts, from the whole name down to letters that only come in order. */
const WHOLE = 1;
const BEGINS = 0.9;
const WORD_BEGINS = 0.8;
const WITHIN = 0.7;
const EVERY_WORD = 0.6;
const IN_ORDER = 0.4;

/** Letters in order must lie at least this close together, and be at least so many. */
const CLOSEST = 0.5;
const FEWEST_LETTERS = 3;

/** Longest question that is looked at, in characters. */
const LONGEST_QUESTION = 80;

function plain(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase();
}

function wordsOf(text: string): string[] {
  return plain(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

/** How well a name answers a question, from 0 to 1. */
export function score(question: string, name: string): number {
  const asked = wordsOf(question.slice(0, LONGEST_QUESTION));
  const known = wordsOf(name);
  const letters = asked.join("");
  const all = known.join("");
  if (letters === "" || all === "") return 0;
  if (all === letters) return WHOLE;
  if (all.startsWith(letters)) return BEGINS;
  if (known.some((_, at) => known.slice(at).join("").startsWith(letters))) return WORD_BEGINS;
  if (all.includes(letters)) return WITHIN;
  if (asked.every((part) => known.some((word) => word.startsWith(part)))) return EVERY_WORD;
  return letters.length < FEWEST_LETTERS ? 0 : IN_ORDER * density(letters, all);
}

/** How close together the letters stand that come in order; 0 where they do not, or stand too far apart. */
function density(letters: string, all: string): number {
  let at = -1;
  let first = -1;
  for (const letter of letters) {
    at = all.indexOf(letter, at + 1);
    if (at < 0) return 0;
    if (first < 0) first = at;
  }
  const dense = letters.length / (at - first + 1);
  return dense < CLOSEST ? 0 : dense;
}

/** The best match of a question among the names of one thing; nothing where none matches. */
export function best(question: string, names: readonly Name[]): Match | null {
  let found: Match | null = null;
  for (const { text, weight } of names) {
    const value = score(question, text) * weight;
    if (value > (found?.score ?? 0)) found = { score: value, name: text };
  }
  return found;
}

/** What matches, best first; equals keep their order. At most `most`. */
export function find<Thing extends { names: readonly Name[] }>(
  question: string,
  things: readonly Thing[],
  most: number,
): { thing: Thing; match: Match }[] {
  return things
    .flatMap((thing) => {
      const match = best(question, thing.names);
      return match ? [{ thing, match }] : [];
    })
    .sort((a, b) => b.match.score - a.match.score)
    .slice(0, most);
}
