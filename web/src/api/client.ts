import type { Command, Detail, Model, Problem, Trend } from "./types";

// Refused is thrown when the control centre answers with a problem (RFC 9457).
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

async function request<T>(path: string, init?: RequestInit): Promise<T> {
  const res = await fetch("/api/v1" + path, { ...init, signal: init?.signal ?? AbortSignal.timeout(15_000) });
  if (res.ok) return (await res.json()) as T;
  if (res.headers.get("Content-Type")?.startsWith("application/problem+json")) throw new Refused((await res.json()) as Problem);
  throw new Error(`${res.status} ${res.statusText}`);
}

const der = (id: string) => "/ders/" + encodeURIComponent(id);

function post<T>(path: string, body: unknown): Promise<T> {
  return request<T>(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

export const api = {
  detail: (id: string, signal?: AbortSignal) => request<Detail>(der(id), signal ? { signal } : undefined),
  model: (id: string) => request<Model>(der(id) + "/model"),
  trend: (id: string) => request<Trend>(der(id) + "/trend"),
  fleetTrend: () => request<Trend>("/fleet/trend"),
  hold: (id: string, held: boolean) => post<unknown>(der(id) + "/hold", { held }),
  // setpoint queues a command; how it goes on comes as events.
  setpoint: (id: string, quantity: "activePower" | "limit", watts: number) =>
    post<Command>(der(id) + "/setpoint", { [quantity]: watts, wait: false, operator: "dashboard" }),
};
