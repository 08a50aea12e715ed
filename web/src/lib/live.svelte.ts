import type { Command, DER, DERList, Fleet, Snapshot } from "../api/types";

const keptCommands = 200;
const refresh = 250; // ms between redraws: a fleet of a thousand sends far more often

// Live is the fleet as the event stream tells it. Its parts are replaced, never changed in place.
export class Live {
  ders = $state.raw<readonly DER[]>([]);
  fleet = $state.raw<Fleet | null>(null);
  commands = $state.raw<readonly Command[]>([]); // the newest first
  connected = $state(false);
  now = $state(Date.now()); // the centre's clock, once a second
  started = $state(0); // counts snapshots: what was fetched before is out of date

  #byID = new Map<string, DER>();
  #dirty = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #offset = 0; // ms from our clock to the centre's

  connect(): () => void {
    const source = new EventSource("/api/v1/events");
    source.onopen = () => (this.connected = true);
    source.onerror = () => (this.connected = false); // the browser reconnects and says where it stopped
    const on = <T>(kind: string, f: (v: T) => void) =>
      source.addEventListener(kind, (e) => f(JSON.parse((e as MessageEvent<string>).data) as T));
    on<Snapshot>("snapshot", (s) => {
      this.#byID = new Map(s.ders.map((d) => [d.id, d]));
      this.fleet = s.fleet;
      this.commands = s.commands;
      this.#clock(s.time);
      this.#flush();
      this.started++;
    });
    on<DERList>("ders", (l) => {
      for (const d of l.ders) this.#byID.set(d.id, d);
      this.#clock(l.time);
      this.#later();
    });
    on<Fleet>("fleet", (f) => {
      this.fleet = f;
      this.#clock(f.time);
    });
    on<Command>("command", (c) => {
      const rest = this.commands.filter((o) => o.id !== c.id);
      this.commands = [c, ...rest].sort((a, b) => b.id - a.id).slice(0, keptCommands);
    });
    const tick = setInterval(() => (this.now = Date.now() + this.#offset), 1000);
    return () => {
      source.close();
      clearInterval(tick);
      clearTimeout(this.#timer);
    };
  }

  get(id: string): DER | undefined {
    void this.ders; // what is shown depends on the list
    return this.#byID.get(id);
  }

  #clock(time: string) {
    this.#offset = Date.parse(time) - Date.now();
    this.now = Date.now() + this.#offset;
  }

  #later() {
    if (this.#dirty) return;
    this.#dirty = true;
    this.#timer = setTimeout(() => this.#flush(), refresh);
  }

  #flush() {
    this.#dirty = false;
    this.ders = [...this.#byID.values()];
  }
}

export const live = new Live();
