/** Figures of the stream, for whoever wants to know. */

import type { Counters, Details } from "../session/messages";
import { STAGES, type Spread, type Stage } from "../session/stages";
import type { Desktop } from "./desktop";
import { useStore } from "./store";

const STAGE_NAMES: { readonly [S in Stage]: string } = {
  encode: "capture → encoded",
  send: "→ sent",
  receive: "→ received",
  decode: "→ decoded",
  paint: "→ painted",
  total: "in all",
};

export function Hud({ desktop }: { readonly desktop: Desktop }) {
  const on = useStore(desktop.store, ({ settings }) => settings.hud);
  return on ? <Figures desktop={desktop} /> : null;
}

function Figures({ desktop }: { readonly desktop: Desktop }) {
  const counters = useStore(desktop.store, (state) => state.counters);
  const details = useStore(desktop.store, (state) => state.details);
  const video = useStore(desktop.store, (state) => state.video);
  const scale = desktop.stage.placement.scale;
  return (
    <aside class="hud" aria-label="Figures of the stream">
      {counters && details ? (
        <>
          <dl>{rows(counters, details, video?.state ?? null, scale).map(([name, value]) => <Row key={name} name={name} value={value} />)}</dl>
          <Latency details={details} />
        </>
      ) : (
        <p>No figures yet</p>
      )}
    </aside>
  );
}

function Row({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Latency({ details }: { readonly details: Details }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">ms</th>
          <th scope="col">p50</th>
          <th scope="col">p95</th>
        </tr>
      </thead>
      <tbody>
        {stageRows(details.stages).map(([stage, name]) => (
          <tr key={stage}>
            <th scope="row">{name}</th>
            <Cells spread={details.stages[stage]} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A server that does not time its encoder tells both of its stages in one. */
export function stageRows(stages: Details["stages"]): [Stage, string][] {
  const inOne = stages.encode === null && stages.send !== null;
  const shown = STAGES.filter((stage) => !(inOne && stage === "encode"));
  return shown.map((stage) => [stage, inOne && stage === "send" ? "capture → sent" : STAGE_NAMES[stage]]);
}

function Cells({ spread }: { readonly spread: Spread | null }) {
  return (
    <>
      <td>{spread ? spread.p50.toFixed(1) : "–"}</td>
      <td>{spread ? spread.p95.toFixed(1) : "–"}</td>
    </>
  );
}

function rows(counters: Counters, details: Details, video: string | null, scale: number): [string, string][] {
  const { width, height, codec, dropped, skipped, rttMs, connections, decoderResets } = counters;
  return [
    ["Pictures", `${details.fps.toFixed(1)}/s${video === null ? "" : `, ${video}`}`],
    ["Rate", rate(details.bitsPerSecond)],
    ["Size", `${width}×${height} at ${Math.round(scale * devicePixelRatio * 100)} %`],
    ["Codec", codec ?? "–"],
    ["Dropped", `${dropped} of ${counters.decoded}, ${skipped} skipped`],
    ["Round trip", rttMs === null ? "–" : `${rttMs.toFixed(1)} ms`],
    ["Decoder", `${details.decodeQueue} waiting, ${decoderResets} resets`],
    ["Connections", String(connections)],
  ];
}

function rate(bits: number): string {
  return bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1000)} kbit/s`;
}
