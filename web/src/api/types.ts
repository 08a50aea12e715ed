import type { components } from "./schema";

type Schemas = components["schemas"];

export type DER = Schemas["Summary"];
export type Detail = Schemas["Detail"];
export type Measurement = Schemas["Measurement"];
export type Command = Schemas["Command"];
export type Fleet = Schemas["Fleet"];
export type Trend = Schemas["Trend"];
export type Model = Schemas["Model"];
export type Problem = Schemas["Problem"];
export type Snapshot = Schemas["Snapshot"];
export type DERList = Schemas["DERList"];
export type Kind = Schemas["Kind"];
