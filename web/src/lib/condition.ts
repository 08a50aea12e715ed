import type { DER } from "../api/types";

// Level of attention that a DER needs; only the first three have a colour.
export type Level = "alarm" | "warning" | "notice" | "idle" | "normal";

export interface Condition {
  level: Level;
  text: string;
  why: string;
}

const rank: Record<Level, number> = { alarm: 0, warning: 1, notice: 2, idle: 3, normal: 4 };

// condition says in one word how a DER is.
export function condition(d: DER): Condition {
  const make = (level: Level, text: string, why = ""): Condition => ({ level, text, why });
  switch (d.state) {
    case "failed":
      return make("alarm", "Failed", d.reason);
    case "offline":
      return make("warning", "Offline", "not present on the network");
    case "held":
      return make("idle", "Held", "held by an operator");
    case "associating":
      return make("idle", "Associating");
    case "reading":
      return make("idle", "Reading model");
  }
  if (d.health === "alarm") return make("alarm", "Alarm", "the device reports health alarm");
  if (d.quality.startsWith("invalid")) return make("warning", "Invalid", d.quality);
  if (d.stale) return make("warning", "Stale", "no report for too long");
  if (d.quality !== "good") return make("notice", "Questionable", d.quality || "no quality");
  if (d.health === "warning") return make("notice", "Warning", "the device reports health warning");
  return make("normal", "Online");
}

export const byLevel = (a: Condition, b: Condition) => rank[a.level] - rank[b.level];
export const abnormal = (c: Condition) => rank[c.level] < rank.idle;

// tolerance within which power counts as being at its target, in W.
const tolerance = (d: DER) => Math.max(0.02 * (d.rating ?? 0), 50);

// follows reports whether the measured power obeys a set-point or limit.
export function follows(d: DER, quantity: "setpoint" | "limit", watts: number): boolean {
  if (d.stale || d.activePower === null) return false;
  if (quantity === "limit") return Math.abs(d.activePower) <= watts + tolerance(d);
  return Math.abs(d.activePower - watts) <= tolerance(d);
}
