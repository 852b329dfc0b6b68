import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Listener } from "../lib/ipc/backend";
import { commands, type News } from "../lib/ipc/bindings";
import { TauriNews } from "../lib/ipc/tauri/news";

const NOTHING: News = { picture: null, notices: [], marks: [], analyses: [], progress: [], calls_kept: false };

/** Questions that wait for an answer, oldest first. */
let asked: { ear: number; answer: (news: News | null) => void; refuse: (error: unknown) => void }[] = [];

beforeEach(() => {
  asked = [];
  vi.spyOn(commands, "news").mockImplementation(
    (ear) => new Promise((resolve, reject) => asked.push({ ear, answer: (data) => resolve({ status: "ok", data }), refuse: reject })),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function listener(): Listener {
  return { picture: vi.fn(), notice: vi.fn(), progress: vi.fn(), marks: vi.fn(), analyses: vi.fn() };
}

describe("news of the real program", () => {
  it("are asked for one question at a time, and told in their order", async () => {
    const news = new TauriNews();
    const heard = listener();
    const kept = vi.fn();
    const deaf = news.whenKept(kept);
    news.listen(heard);
    expect(asked).toHaveLength(1);
    asked[0]!.answer({ ...NOTHING, marks: [{ at_ms: 1, port: 0, what: { kind: "voice" } }], calls_kept: true });
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect(heard.marks).toHaveBeenCalledTimes(1);
    expect(heard.picture).not.toHaveBeenCalled();
    expect(kept).toHaveBeenCalledTimes(1);
    deaf();
    asked[1]!.answer({ ...NOTHING, calls_kept: true });
    await vi.waitFor(() => expect(asked).toHaveLength(3));
    expect(kept).toHaveBeenCalledTimes(1);
  });

  it("go to nobody who listens no more, and are asked for by one ear alone", async () => {
    const news = new TauriNews();
    const [first, second] = [listener(), listener()];
    const end = news.listen(first);
    end();
    news.listen(second);
    expect(asked[1]!.ear).toBeGreaterThan(asked[0]!.ear);
    asked[0]!.answer({ ...NOTHING, marks: [{ at_ms: 1, port: 0, what: { kind: "voice" } }] });
    asked[1]!.answer(null);
    await new Promise((resolve) => setTimeout(resolve));
    expect(first.marks).not.toHaveBeenCalled();
    expect(asked).toHaveLength(2);
  });

  it("are asked for again after a question that failed", async () => {
    vi.useFakeTimers();
    const complaint = vi.spyOn(console, "error").mockImplementation(() => {});
    new TauriNews().listen(listener());
    asked[0]!.refuse(new Error("no answer"));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toHaveLength(2);
    expect(complaint).toHaveBeenCalledTimes(1);
  });
});
