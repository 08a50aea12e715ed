import type { Kind } from "../api/types";

const minus = "\u2212";

function digits(v: number, n: number): string {
  const s = Math.abs(v).toFixed(n);
  return (v < 0 && Number(s) !== 0 ? minus : "") + s;
}

// kW shows W in kW with one decimal (none from 1 MW on).
export function kW(w: number | null | undefined): string {
  if (w === null || w === undefined) return "\u2013";
  return digits(w / 1000, Math.abs(w) >= 1e6 ? 0 : 1);
}

export function num(v: number | null | undefined, n = 1): string {
  return v === null || v === undefined ? "\u2013" : digits(v, n);
}

// age shows seconds as 3 s, 12 min, 5 h, 4 d.
export function age(s: number | null): string {
  if (s === null || !Number.isFinite(s)) return "\u2013";
  if (s < 0) s = 0;
  if (s < 100) return `${Math.floor(s)} s`;
  if (s < 6000) return `${Math.floor(s / 60)} min`;
  if (s < 48 * 3600) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

export const kinds: Record<Kind, { short: string; long: string }> = {
  pv: { short: "PV", long: "Photovoltaic" },
  battery: { short: "BAT", long: "Battery" },
  load: { short: "LOAD", long: "Load" },
  chargepoint: { short: "EV", long: "Charge point" },
  generator: { short: "GEN", long: "Generator" },
  unknown: { short: "?", long: "Unknown kind" },
};

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC" });

// utc shows a time of day in UTC.
export function utc(t: string | number | null): string {
  return t === null ? "\u2013" : clock.format(new Date(t));
}
