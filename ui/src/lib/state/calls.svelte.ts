/** The list of calls as far as it is read: windows of a hundred rows, fetched where a person looks. */
import { SvelteMap } from "svelte/reactivity";

import { filtered, NO_FILTERS, queryOf, type Filters } from "../calls";
import { Refused } from "../ipc/backend";
import type { History } from "../ipc/history";
import type { CallQuery, StoredRecord } from "../ipc/types";

/** Rows that are fetched at once. */
export const WINDOW_ROWS = 100;
/** Windows that are kept; the ones looked at longest ago go first. */
const KEPT_WINDOWS = 40;
/** Windows that may be asked for at the same time. */
const ASKED_AT_ONCE = 2;
/** How long a person must pause in typing. */
const PAUSE_MS = 150;

export class CallList {
  filters: Filters = $state.raw(NO_FILTERS);
  /** How many calls the filters find; `null`: not known yet. */
  total: number | null = $state(null);
  /** Whether the list that is shown was narrowed. */
  narrowed: boolean = $state(false);
  /** New calls that the filters would find, and that the list does not show. */
  fresh: number = $state(0);
  /** Code of why the list could not be read. */
  failure: string | null = $state(null);
  /** The row that the keyboard is at; -1: none. */
  active: number = $state(-1);
  /** The call whose details are shown. */
  opened: StoredRecord | null = $state.raw(null);

  #history: History | null = null;
  #unlisten: (() => void) | undefined;
  #windows = new SvelteMap<number, readonly StoredRecord[]>();
  #query: CallQuery = queryOf(NO_FILTERS, new Date(0));
  #newest: number | null = null;
  /** Answers to questions of an earlier list are dropped. */
  #generation = 0;
  #asking = new Set<number>();
  #wanted: readonly [first: number, last: number] = [0, 0];
  #pause: ReturnType<typeof setTimeout> | undefined;
  #atTop = true;

  async begin(history: History): Promise<void> {
    this.end();
    this.#history = history;
    this.#unlisten = history.listen(() => void this.#heard());
    await this.open();
  }

  end(): void {
    clearTimeout(this.#pause);
    this.#unlisten?.();
    this.#unlisten = undefined;
    this.#history = null;
    this.#generation += 1;
  }

  /** What the program was asked for last, and up to which record. */
  get asked(): { query: CallQuery; upTo: number } {
    return { query: this.#query, upTo: this.#newest ?? 0 };
  }

  /** The call at this place; nothing while its window is fetched. */
  row(index: number): StoredRecord | undefined {
    return this.#windows.get(Math.floor(index / WINDOW_ROWS))?.[index % WINDOW_ROWS];
  }

  /** Narrows the list. What is typed waits for a pause. */
  filter(change: Partial<Filters>): void {
    this.filters = { ...this.filters, ...change };
    this.active = -1;
    clearTimeout(this.#pause);
    if ("text" in change) this.#pause = setTimeout(() => void this.open(), PAUSE_MS);
    else void this.open();
  }

  /** Asks anew. What is shown stays until the answer is there. */
  async open(): Promise<void> {
    clearTimeout(this.#pause);
    const generation = ++this.#generation;
    const query = queryOf(this.filters, new Date());
    const narrowed = filtered(this.filters);
    try {
      const head = await this.#history?.window(query, null, 0, WINDOW_ROWS);
      if (!head || generation !== this.#generation) return;
      const same = JSON.stringify(query) === JSON.stringify(this.#query);
      // The row that a person is at moves down with its call.
      if (same && this.active >= 0) this.active += head.total - (this.total ?? 0);
      this.#query = query;
      this.#newest = head.newest;
      this.#windows.clear();
      this.#asking.clear();
      this.#windows.set(0, head.calls);
      this.total = head.total;
      this.narrowed = narrowed;
      if (this.active >= head.total) this.active = head.total - 1;
      this.fresh = 0;
      this.failure = null;
      this.#fetch();
    } catch (error) {
      if (generation === this.#generation) this.#failed(error);
    }
  }

  /** These rows are looked at. */
  look(first: number, last: number, atTop: boolean): void {
    this.#wanted = [first, last];
    this.#atTop = atTop;
    if (atTop && this.fresh > 0) void this.open();
    else this.#fetch();
  }

  #fetch(): void {
    const total = this.total ?? 0;
    const [first, last] = this.#wanted;
    for (let place = Math.floor(Math.max(0, first) / WINDOW_ROWS); place * WINDOW_ROWS <= Math.min(last, total - 1); place += 1) {
      const known = this.#windows.has(place) || this.#asking.has(place);
      if (!known && this.#asking.size < ASKED_AT_ONCE) void this.#ask(place);
    }
  }

  async #ask(place: number): Promise<void> {
    const generation = this.#generation;
    this.#asking.add(place);
    try {
      const answer = await this.#history?.window(this.#query, this.#newest, place * WINDOW_ROWS, WINDOW_ROWS);
      if (!answer || generation !== this.#generation) return;
      this.#asking.delete(place);
      for (const oldest of this.#windows.keys()) {
        if (this.#windows.size < KEPT_WINDOWS) break;
        this.#windows.delete(oldest);
      }
      this.#windows.set(place, answer.calls);
      // Old ones may have been deleted meanwhile.
      this.total = answer.total;
      this.#fetch();
    } catch (error) {
      if (generation === this.#generation) {
        this.#asking.delete(place);
        this.#failed(error);
      }
    }
  }

  /** A new call was kept. At the top it is shown; elsewhere nothing moves, and a number tells. */
  async #heard(): Promise<void> {
    if (this.#atTop) return this.open();
    const generation = this.#generation;
    const now = await this.#history?.window(this.#query, null, 0, 0).catch(() => undefined);
    if (now && generation === this.#generation) this.fresh = Math.max(0, now.total - (this.total ?? 0));
  }

  #failed(error: unknown): void {
    const refusal = error instanceof Refused ? (error.refusal as { code?: string }) : {};
    this.failure = refusal.code ?? "unanswered";
    this.total ??= 0;
  }
}

export const callList = new CallList();
