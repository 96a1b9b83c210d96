/** The style of the page; colours follow the reader's light or dark setting, and nothing is told by colour alone. */
export const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d8dee4; --high: #b3261e; --mid: #8a5300; --low: #57606a; --wash: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --paper: #16191d; --ink: #e8eaed; --soft: #9aa4af; --line: #363c44; --high: #ff8f86; --mid: #f0b459; --low: #a3adb8; --wash: #1e2228; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif; }
h1 { margin: 0 0 .25rem; font-size: 1.5rem; }
code, .what, .where { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; font-size: .9em; overflow-wrap: anywhere; }
.files { margin: 0; color: var(--soft); }
.tally { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; padding: 0; list-style: none; }
.tally li { padding: .4rem .8rem; border: 1px solid var(--line); border-left: 4px solid var(--tone); border-radius: 4px; background: var(--wash); }
.tally b { font-size: 1.2rem; }
.notes { color: var(--soft); }
.highly-relevant { --tone: var(--high); }
.relevant { --tone: var(--mid); }
.less-relevant { --tone: var(--low); }
details { border: 1px solid var(--line); border-left: 4px solid var(--tone); border-radius: 4px; margin: 0 0 .4rem; }
details[open] { margin-bottom: 1rem; }
summary { display: grid; grid-template-columns: 3.2rem 9.2rem minmax(0, 1fr) minmax(0, 15rem) 11.5rem; gap: .1rem .8rem; align-items: baseline; padding: .5rem .7rem; cursor: pointer; }
summary:hover { background: var(--wash); }
summary:focus-visible { outline: 2px solid var(--tone); outline-offset: 2px; }
.points { grid-row: span 2; font-size: 1.35rem; font-weight: 700; color: var(--tone); text-align: right; font-variant-numeric: tabular-nums; }
.grade { color: var(--tone); font-weight: 600; }
.grade::before { content: '\\25B8\\00A0'; }
details[open] .grade::before { content: '\\25BE\\00A0'; }
.whom { overflow-wrap: anywhere; color: var(--soft); }
time { color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; }
summary time { text-align: right; }
.counted { grid-column: 3 / -1; display: flex; flex-wrap: wrap; gap: 0 .9rem; color: var(--soft); font-size: .85rem; }
.counted b { color: var(--ink); }
table { width: 100%; border-collapse: collapse; border-top: 1px solid var(--line); }
th, td { padding: .4rem .7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-size: .8rem; font-weight: 600; }
td:nth-child(2) { min-width: 9rem; }
td:nth-child(4) { width: 38%; }
td.number { font-weight: 700; font-variant-numeric: tabular-nums; white-space: nowrap; }
small { color: var(--soft); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: .3rem 1rem; margin: .7rem; font-size: .88rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.where { margin: .7rem; color: var(--soft); }
@media (max-width: 52rem) {
  summary { grid-template-columns: 2.8rem minmax(0, 1fr) auto; }
  .points { grid-row: span 4; }
  .what, .whom, .counted { grid-column: 2 / -1; }
  .grade { grid-column: 2; }
  summary time { grid-column: 3; grid-row: 1; }
  thead { display: none; }
  table, tbody, td { display: block; }
  tr { display: grid; grid-template-columns: 3rem minmax(0, 1fr); padding: .4rem .7rem; border-bottom: 1px solid var(--line); }
  td, td:nth-child(4) { grid-column: 2; width: auto; padding: .05rem 0; border: 0; }
  td.number { grid-column: 1; grid-row: 1; }
  td:nth-child(2) { grid-row: 1; font-weight: 600; }
}
@media print { details { break-inside: avoid; } body { max-width: none; } }
`;
