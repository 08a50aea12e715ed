// Package device models distributed energy resources: a photovoltaic plant, a battery, a load and a charge point for
// electric vehicles. It stands in for the inverter or controller that an agent would otherwise talk to.
//
// Physics is kept to what an operator would notice: the sun over the day, clouds, temperature and inverter losses; state
// of charge, efficiency and taper; daily demand of which a part can be shed; vehicles that come, charge with at least
// 6 A and leave; ramps; and three-phase voltages and currents that agree with the powers.
//
// The package computes only: [Device.Step] takes the time, and noise is a function of a seed and the time, so that the
// same seed gives the same day at any speed and any step.
//
// Powers are in watts in the producer frame of IEC 61850-7-420: positive into the grid, negative out of it.
package device
